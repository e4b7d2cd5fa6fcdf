"""The mock server as a process."""

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
TOKEN = "conformance-token"
USER = "demo:demo@demo"
# How long a server may take to stop, in seconds.
STOP_SECONDS_MAX = 10
# How long one answer may take, in seconds.
ANSWER_SECONDS_MAX = 30


class Server:
    """A mock server on a port of its own, to be used with `with`."""

    program: Path

    def __init__(self, *flags: str, instances: int = 300) -> None:
        command = [str(self.program), "--project-id", PROJECT, "--token", TOKEN, "--instances", str(instances), *flags]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        # Empty if it did not come up.
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            self.stop()
            raise RuntimeError(f"the mock server refuses to start with {' '.join(flags)}")

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """What an admin call answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_mock/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as reply:
            return json.loads(reply.read() or "null")

    def ids(self) -> list[str]:
        """Every instance."""
        return [row["id"] for row in self.admin("GET", "instances?limit=10000")["instances"]]

    def iam_token(self) -> str:
        """A token from IAM, for the project."""
        name, _, rest = USER.partition(":")
        password, _, domain = rest.rpartition("@")
        told = {"name": name, "password": password, "domain": {"name": domain}}
        identity = {"methods": ["password"], "password": {"user": told}}
        wanted = {"auth": {"identity": identity, "scope": {"project": {"id": PROJECT}}}}
        request = urllib.request.Request(f"{self.url}/v3/auth/tokens", data=json.dumps(wanted).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as reply:
            return reply.headers["X-Subject-Token"]

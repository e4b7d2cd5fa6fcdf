"""The mock server that the page belongs to: as a process, or one that runs already. Each test has its own world in it."""

import http.client
import itertools
import json
import os
import subprocess
import urllib.error
import urllib.request
from typing import Any

import given

# Opens every world of the mocks that are started here, and nothing else.
TOKEN = "page-token"
# A password that the documents permit. It opens nothing.
PASSWORD = "Page-test-1"
INSTANCES = 10_000
# How long a server may take to answer or to stop, in seconds.
SECONDS_MAX = 30

_numbers = itertools.count(1)


class Refused(Exception):
    """The program does not want to start so."""


class Mock:
    """A mock server, to be used with `with`."""

    def __init__(self, *flags: str, admin_token: str | None = None) -> None:
        self.token, self.admin_token, self._process = given.started_with.token or TOKEN, admin_token, None
        if given.started_with.url and not flags:
            self.url = given.started_with.url.rstrip("/")
            return
        if given.started_with.mock is None:
            raise Refused(" ".join(flags))
        command = [str(given.started_with.mock), "--instances", str(INSTANCES), "--token", TOKEN, *flags]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, text=True)
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            self.stop()
            raise Refused(" ".join(flags))

    def __enter__(self) -> "Mock":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a 2xx; anything else is an error."""
        headers = {"Content-Type": "application/json", "X-Auth-Token": self.token}
        if self.admin_token:
            headers["Authorization"] = f"Bearer {self.admin_token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=SECONDS_MAX) as reply:
            return json.loads(reply.read() or b"null")

    def world(self, project: str | None = None) -> "World":
        """A new one; of a name that no other run has, should several look at one server."""
        project = project or f"page-{os.getpid()}-{next(_numbers)}"
        self.call("POST", "/_mock/worlds", {"project_id": project})
        return World(self, project)


class World:
    """A world of the mock's, and a client that calls it."""

    def __init__(self, mock: Mock, project: str) -> None:
        self.mock, self.project = mock, project
        self.page_url = f"{mock.url}/_mock/?world={project}"

    def forget(self) -> None:
        self.mock.call("DELETE", f"/_mock/worlds/{self.project}")

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        joint = "&" if "?" in path else "?"
        return self.mock.call(method, f"/_mock/{path}{joint}world={self.project}", body)

    def instances(self) -> list[dict[str, Any]]:
        """All of them, in the order of their ids."""
        rows: list[dict[str, Any]] = []
        after = ""
        while after is not None:
            page = self.admin("GET", f"instances?limit=5000{after and f'&after={after}'}")
            rows += page["instances"]
            after = page["next"]
        return rows

    def reinstall(self, *ids: str) -> int | None:
        """The status that the client gets to see; `None` if there was no answer."""
        body = {"password": PASSWORD, "instance_id_set": list(ids)}
        try:
            self.mock.call("PUT", f"/v1/{self.project}/instances/reinstall", body)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except (urllib.error.URLError, http.client.HTTPException, OSError):
            return None
        return 202

    def look(self, instance: str) -> str:
        return self.mock.call("GET", f"/v1/{self.project}/instances/{instance}/status")["state"]

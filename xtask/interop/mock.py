"""Our mock server as a process, and what it tells those who test against it."""

import json
import subprocess
import urllib.request
from typing import Any

import evidence
import given
from deadline import started

# The keys, token and project of every mock here. They open nothing else.
PROJECT = "1f2e3d4c5b6a79880123456789abcdef"
ACCESS_KEY, SECRET_KEY = "AKINTEROP", "skInteropTests"
TOKEN = "interop-token"
# How long one reinstall takes, unless told otherwise.
REINSTALL_TAKES = "300ms"
# How long a server may take to stop, in seconds.
STOP_SECONDS_MAX = 10
# More entries than a server keeps.
LOG_ENTRIES_MAX = 100_000


class Mock:
    """A mock server on a port of its own, to be used with `with`."""

    # The official client that alone calls it, if one does: then what came is evidence.
    driven_by: str | None = None

    def __init__(self, *flags: str, reinstall_takes: str = REINSTALL_TAKES) -> None:
        command = [str(given.started_with.mock), "--project-id", PROJECT, "--token", TOKEN]
        command += ["--access-key", f"{ACCESS_KEY}:{SECRET_KEY}", "--reinstall-takes", reinstall_takes, *flags]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        started.add(self._process)
        # Empty if it did not come up; a test's deadline ends a wait for ever.
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            self.stop()
            raise RuntimeError(f"the mock server refuses to start with {' '.join(flags)}")

    def __enter__(self) -> "Mock":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        # A server that never came up, or is gone, has nothing to tell.
        if self.url and self.driven_by and self._process.poll() is None:
            evidence.note(self.driven_by, self._admin(f"log?limit={LOG_ENTRIES_MAX}"))
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        started.discard(self._process)

    def truth(self) -> dict[str, Any]:
        """What truly happened."""
        return self._admin("truth")

    def wipes(self) -> dict[str, int]:
        """How often each instance was wiped; those never wiped are left out."""
        return {instance: wiped["wipes"] for instance, wiped in self.truth()["wiped"].items()}

    def calls(self, operation: str) -> list[dict[str, Any]]:
        """The calls of an operation that came, in order."""
        return self._admin(f"log?operation={operation}")["exchanges"]

    def arm(self, operation: str, effect: dict[str, Any], times: int = 1) -> int:
        """Has the next calls of an operation go wrong; the rule's number."""
        return self._admin("faults", [{"on": operation, "times": times, "effect": effect}])["armed"][0]

    def hits(self, rule: int) -> int:
        """How many calls a rule has hit."""
        return next(armed["hits"] for armed in self._admin("faults") if armed["id"] == rule)

    def arm_answer(self, operation: str, status: int, body: str, times: int = 1, **more: str) -> None:
        """Has the next calls of an operation answered so, and not done."""
        effect = {"kind": "answer", "when": "before", "status": status, "body": body, **more}
        self.arm(operation, effect, times)

    def _admin(self, page: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/_mock/{page}", data=data, timeout=10) as reply:
            return json.load(reply)


class SdkMock(Mock):
    """A mock server that the provider's SDK alone calls."""

    driven_by = evidence.SDK


class KeystoneMock(Mock):
    """A mock server that OpenStack's client alone calls."""

    driven_by = evidence.KEYSTONE

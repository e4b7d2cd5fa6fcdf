"""How contract.py talks to an endpoint, and what its checks are made of."""

import argparse
import http.client
import json
import ssl
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

# How long one answer may take, in seconds.
ANSWER_SECONDS_MAX = 30
# The most pages that are read of a list, so that a list without end is told and not read for ever.
PAGES_MAX = 2_000


class Broken(AssertionError):
    """The endpoint does not keep its contract."""


class Unreachable(RuntimeError):
    """Nothing can be said about the endpoint."""


@dataclass(frozen=True)
class Check:
    """One check: what it is called, whether it changes anything, and what it does."""

    name: str
    says: str
    run: Callable[["Endpoint"], str | None]
    changes: bool
    needs_user: bool


def check_list(checks: list[Check], *, changes: bool) -> Callable[..., Callable]:
    """A decorator that adds a check to a list: its name is the function's, what it says is the function's first line."""

    def named(function: Callable | None = None, *, needs_user: bool = False) -> Callable:
        def add(function: Callable) -> Callable:
            says = (function.__doc__ or "").strip().splitlines()[0]
            checks.append(Check(function.__name__.replace("_", "-"), says, function, changes, needs_user))
            return function

        return add(function) if function else add

    return named


def expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise Broken(otherwise)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def code(self) -> str | None:
        return self.body.get("error_code") if isinstance(self.body, dict) else None

    @property
    def message(self) -> str:
        return str(self.body.get("error_msg", "")) if isinstance(self.body, dict) else ""

    def shown(self) -> str:
        return f"{self.status} {self.text[:300]}"

    def must_be(self, status: int, code: str | None = None) -> "Answer":
        """Raises unless it has this status and code."""
        wanted = f"{status} {code}" if code else f"{status}"
        is_so = self.status == status and (code is None or self.code == code)
        expect(is_so, f"{wanted} was expected, and {self.shown()} came")
        return self


class Endpoint:
    """An endpoint with the token that opens it. Keeps what each answer had that every answer must have."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._url = urlsplit(args.base_url)
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise Unreachable(f"{args.base_url} is no URL of an endpoint")
        self._token = args.token_file.read_text(encoding="utf-8").strip()
        self._trust = ssl.create_default_context(cafile=args.ca_file) if self._url.scheme == "https" else None
        self.project: str = args.project_id
        self.user: str = args.user_file.read_text(encoding="utf-8").strip() if args.user_file else ""
        self.reinstall_within: float = args.reinstall_within
        self.batch_cap: int = args.batch_cap
        self.request_ids: list[str | None] = []
        self.refusals: list[Answer] = []
        self.launched_before: dict[str, str] = {}
        self._spent = 0
        self.is_mock = "x-mock" in self.listed(limit="10").headers

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, str] | None = None,
        token: str | None = "",
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Calls a path of the endpoint. The token is its own unless another is given; `None` sends none."""
        connection_kind = http.client.HTTPSConnection if self._trust else http.client.HTTPConnection
        more = {"context": self._trust} if self._trust else {}
        connection = connection_kind(self._url.hostname, self._url.port, timeout=ANSWER_SECONDS_MAX, **more)
        sent = {"Accept": "application/json", **(headers or {})}
        if token is not None:
            sent["X-Auth-Token"] = token or self._token
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if content is not None:
            sent["Content-Type"] = "application/json"
        target = self._url.path.rstrip("/") + path + (f"?{urlencode(query)}" if query else "")
        try:
            connection.request(method, target, content, sent)
            reply = connection.getresponse()
            text = reply.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{method} {path}: {error or type(error).__name__}") from error
        finally:
            connection.close()
        answer = Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, text)
        self.request_ids.append(answer.headers.get("x-request-id"))
        if reply.status >= 400:
            self.refusals.append(answer)
        return answer

    def cloud(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Calls a path of the project."""
        return self.call(method, f"/v1/{quote(self.project, safe='')}{path}", body, **more)

    def listed(self, **query: str) -> Answer:
        return self.cloud("GET", "/instances", query=query)

    def rows(self, **query: str) -> list[dict[str, Any]]:
        """The rows of one page, which must come."""
        return page_of(self.listed(**query))["instances"]

    def pages(self, **query: str) -> Iterator[dict[str, Any]]:
        """Every page, by the markers, to the last."""
        marker: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            page = page_of(self.listed(**query, **marker))
            yield page
            following = page["page_info"].get("next_marker")
            if not following or not page["instances"]:
                return
            expect(following != marker.get("marker"), "next_marker is the marker that was asked with")
            marker = {"marker": following}
        raise Broken(f"the list does not end within {PAGES_MAX} pages")

    def row(self, instance: str) -> dict[str, Any]:
        rows = self.rows(limit="10", instance_id=instance)
        expect(len(rows) == 1, f"{instance} is listed {len(rows)} times")
        return rows[0]

    def status(self, instance: str) -> Answer:
        return self.cloud("GET", f"/instances/{quote(instance, safe='')}/status")

    def reinstall(self, body: Any, **more: Any) -> Answer:
        return self.cloud("PUT", "/instances/reinstall", body, **more)

    def spare(self, count: int = 1) -> list[str]:
        """Instances that run, and that no check before has been given."""
        running = self.rows(limit="1000", instance_state="running")
        ids = [row["id"] for row in running][self._spent : self._spent + count]
        self._spent += count
        expect(len(ids) == count, f"the checks need more running instances than {len(running)}")
        return ids


def page_of(answer: Answer) -> dict[str, Any]:
    answer.must_be(200)
    page = answer.body
    is_page = isinstance(page, dict) and isinstance(page.get("instances"), list)
    expect(is_page and isinstance(page.get("page_info"), dict), f"no page of a list: {answer.shown()}")
    return page


def absent_id() -> str:
    """The id of no instance, as good as certainly."""
    return str(uuid.uuid4())

"""Every status that the provider's document has of an operation is provoked, and the answer held against the document."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

import requests

from server import PROJECT, TOKEN, Server

PASSWORD = "Example-Passw0rd"
ABSENT = "0b29c7a1-0000-4000-8000-00000000000a"
ANSWER_SECONDS_MAX = 30
# Said by fault rules alone: an injected answer shows nothing of the server.
NOT_PROVOKED = {"500"}


@dataclass(frozen=True)
class Call:
    """A call of an operation; `{p}` in its path is the project."""

    path: str
    method: str = "GET"
    body: Any = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    token: str | None = TOKEN
    project: str = PROJECT

    def send(self, server: Server) -> requests.Response:
        headers = dict(self.headers)
        if self.token is not None:
            headers["X-Auth-Token"] = self.token
        url = server.url + self.path.replace("{p}", self.project)
        more = {"data": self.raw} if self.raw is not None else {"json": self.body} if self.body is not None else {}
        return requests.request(self.method, url, headers=headers, timeout=ANSWER_SECONDS_MAX, **more)


def user(password: str = "demo") -> dict[str, Any]:
    told = {"name": "demo", "password": password, "domain": {"name": "demo"}}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": told}}}}


def good_calls(ids: list[str]) -> dict[str, Call]:
    """A call of each operation that succeeds."""
    tags = {"tags": [{"key": "k", "value": "v"}]}
    return {
        "ReinstallOS": Call("/v1/{p}/instances/reinstall", "PUT", {"password": PASSWORD, "instance_id_set": ids[:1]}),
        "ShowInstanceStatus": Call(f"/v1/{{p}}/instances/{ids[1]}/status"),
        "ListInstances": Call("/v1/{p}/instances?limit=10"),
        "ChangeInstancePassword": Call(
            "/v1/{p}/instances/password", "PUT", {"new_password": PASSWORD, "instance_id_set": ids[1:2]}
        ),
        "BatchCreateTags": Call(f"/v1/{{p}}/instances/{ids[1]}/tags/create", "POST", tags),
        "BatchDeleteTags": Call(f"/v1/{{p}}/instances/{ids[1]}/tags/delete", "POST", tags),
        "KeystoneCreateUserTokenByPassword": Call("/v3/auth/tokens", "POST", user(), token=None),
        "KeystoneValidateToken": Call("/v3/auth/tokens", headers={"X-Subject-Token": "own"}),
        "KeystoneListProjects": Call("/v3/projects"),
        "KeystoneListAuthDomains": Call("/v3/auth/domains"),
        "KeystoneListVersions": Call("/", token=None),
        "KeystoneShowVersion": Call("/v3", token=None),
    }


def bad_calls(ids: list[str]) -> dict[str, Call]:
    """A call of each operation that makes no sense; those that cannot are left out."""
    good = good_calls(ids)
    return {
        "ReinstallOS": replace(good["ReinstallOS"], body={"instance_id_set": ids[:1]}),
        "ShowInstanceStatus": replace(good["ShowInstanceStatus"], path="/v1/{p}/instances/x/status"),
        "ListInstances": replace(good["ListInstances"], path="/v1/{p}/instances?limit=ten"),
        "ChangeInstancePassword": replace(good["ChangeInstancePassword"], body={}),
        "BatchCreateTags": replace(good["BatchCreateTags"], body={"tags": []}),
        "BatchDeleteTags": replace(good["BatchDeleteTags"], body={"tags": []}),
        "KeystoneCreateUserTokenByPassword": replace(good["KeystoneCreateUserTokenByPassword"], body={}),
        "KeystoneValidateToken": replace(good["KeystoneValidateToken"], headers={}),
        "KeystoneListProjects": replace(good["KeystoneListProjects"], path="/v3/projects?enabled=perhaps"),
    }


def absent_calls(ids: list[str]) -> dict[str, list[Call]]:
    """Calls about what is not there: an instance, a project, a token."""
    good = good_calls(ids)
    nobody = {"password": PASSWORD, "new_password": PASSWORD, "instance_id_set": [ABSENT]}
    calls = {
        "ReinstallOS": [replace(good["ReinstallOS"], body=nobody)],
        "ShowInstanceStatus": [replace(good["ShowInstanceStatus"], path=f"/v1/{{p}}/instances/{ABSENT}/status")],
        "ListInstances": [],
        "ChangeInstancePassword": [replace(good["ChangeInstancePassword"], body=nobody)],
        "BatchCreateTags": [replace(good["BatchCreateTags"], path=f"/v1/{{p}}/instances/{ABSENT}/tags/create")],
        "BatchDeleteTags": [replace(good["BatchDeleteTags"], path=f"/v1/{{p}}/instances/{ABSENT}/tags/delete")],
    }
    elsewhere = {name: [*those, replace(good[name], project="f" * 32)] for name, those in calls.items()}
    return {**elsewhere, "KeystoneValidateToken": [replace(good["KeystoneValidateToken"], headers={"X-Subject-Token": "x"})]}


class Provoker:
    """Provokes statuses, and remembers which were seen of which operation."""

    def __init__(self, schema: Any) -> None:
        self._operations = {}
        for found in schema.get_all_operations():
            operation = found.ok()
            self._operations[operation.definition.raw["operationId"]] = operation
        self.seen: dict[str, set[str]] = {name: set() for name in self._operations}
        self.wrong: list[str] = []

    def documented(self, name: str) -> set[str]:
        return set(self._operations[name].definition.raw["responses"])

    def send(self, server: Server, name: str, call: Call, status: str) -> requests.Response:
        """Sends a call, which must be answered so."""
        reply = call.send(server)
        if str(reply.status_code) != status:
            self.wrong.append(f"{name}: {status} was to be provoked, and {reply.status_code} {reply.text[:200]} came")
            return reply
        try:
            self._operations[name].validate_response(reply)
        except Exception as error:  # Schemathesis has a kind for each failure, and they have no common one to catch.
            self.wrong.append(f"{name}: {status}: {str(error)[:600]}")
        self.seen[name].add(status)
        return reply

    def each(self, server: Server, calls: dict[str, Call], status: str, change: Callable[[Call], Call] = lambda call: call) -> None:
        """Provokes a status of every operation that documents it."""
        for name, call in calls.items():
            if status in self.documented(name):
                self.send(server, name, change(call), status)


def run(schema: Any) -> dict[str, Any]:
    """Tells which statuses were seen of which operation, and what was wrong."""
    provoker = Provoker(schema)
    with Server("--iam-user", "demo:demo@demo", "--access-key", "AK1:secret") as server:
        ids = server.ids()
        good = good_calls(ids)
        made = provoker.send(server, "KeystoneCreateUserTokenByPassword", good["KeystoneCreateUserTokenByPassword"], "201")
        own = {"X-Subject-Token": made.headers.get("X-Subject-Token", "")}
        good["KeystoneValidateToken"] = replace(good["KeystoneValidateToken"], headers=own)
        for status in ("200", "202", "204", "300"):
            provoker.each(server, good, status)
        provoker.each(server, bad_calls(ids), "400")
        for name, calls in absent_calls(ids).items():
            for call in calls:
                provoker.send(server, name, call, "404")
        provoke_401(provoker, server, good)
        provoker.each(server, good, "413", lambda call: replace(call, raw=b" " * 70_000))
        provoker.each(server, good, "421", lambda call: replace(call, headers={**call.headers, "Host": "another.example"}))
        provoke_429(provoker, server, good)
    with Server("--no-list") as server:
        provoker.send(server, "ListInstances", good["ListInstances"], "403")
    for name, seen in provoker.seen.items():
        for status in sorted(provoker.documented(name) - seen - NOT_PROVOKED):
            provoker.wrong.append(f"{name}: {status} is documented, and was not seen")
    for line in provoker.wrong:
        print(f"statuses: {line}", flush=True)
    seen = {name: sorted(statuses) for name, statuses in provoker.seen.items()}
    print(f"statuses: {sum(map(len, seen.values()))} of {len(seen)} operations are as documented", flush=True)
    return {"passed": not provoker.wrong, "seen": seen, "wrong": provoker.wrong}


def provoke_401(provoker: Provoker, server: Server, good: dict[str, Call]) -> None:
    forged = {
        "X-Sdk-Date": "20260101T000000Z",
        "Authorization": f"SDK-HMAC-SHA256 Access=AK1, SignedHeaders=x-sdk-date, Signature={'0' * 64}",
    }
    open_to_all = {"KeystoneListVersions", "KeystoneShowVersion"}
    for name, call in good.items():
        if name in open_to_all:
            continue
        if name == "KeystoneCreateUserTokenByPassword":
            provoker.send(server, name, replace(call, body=user("wrong")), "401")
            continue
        provoker.send(server, name, replace(call, token=None), "401")
        provoker.send(server, name, replace(call, token="wrong"), "401")
        provoker.send(server, name, replace(call, token=None, headers={**call.headers, **forged}), "401")


def provoke_429(provoker: Provoker, server: Server, good: dict[str, Call]) -> None:
    """Over a limit, in both ways to say so, with `Retry-After` and without."""
    for words, retry_after in (("gateway", True), ("plain", False)):
        limits = [
            {"rate": "1/m", "of": "everybody", "on": name, "words": words, "retry_after": retry_after} for name in good
        ]
        server.admin("PUT", "limits", limits)
        for name, call in good.items():
            # One is let through each minute, and a minute may begin in between.
            while call.send(server).status_code != 429 or datetime.now(timezone.utc).second > 57:
                time.sleep(0.05)
            reply = provoker.send(server, name, call, "429")
            if ("Retry-After" in reply.headers) != retry_after:
                provoker.wrong.append(f"{name}: Retry-After is there or not, against what was asked for")
    server.admin("PUT", "limits", [])

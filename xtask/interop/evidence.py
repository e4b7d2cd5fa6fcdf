"""What was seen, for the table in docs/conformance.md: which client drove which operation, and which faults it survived.

A call that a fault rule altered, or that the network repeated, is no evidence of how the server answers.
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any


def client(name: str) -> str:
    return f"{name} {version(name)}"


SDK, KEYSTONE = client("huaweicloudsdkclouddc"), client("keystoneauth1")

# Operation, then client, then the statuses that the client got to read.
driven: dict[str, dict[str, set[int]]] = {}
# Operation, then client, then fault and how the client took it.
survived: dict[str, dict[str, dict[str, str]]] = {}


def note(by: str, log: dict[str, Any]) -> None:
    """Notes what a client drove, from the log of a server that it alone called."""
    if log["forgotten"]:
        raise RuntimeError(f"a log has forgotten {log['forgotten']} requests: evidence is lost")
    for exchange in log["exchanges"]:
        is_plain = not exchange["rules"] and exchange["repeats"] is None and exchange["seen"] is not None
        if exchange["operation"] and is_plain:
            driven.setdefault(exchange["operation"], {}).setdefault(by, set()).add(exchange["seen"])


def note_survival(by: str, operation: str, fault: str, how: str) -> None:
    """Notes that a client went on after a fault, and whether it told of it."""
    survived.setdefault(operation, {}).setdefault(by, {})[fault] = how


def write(path: Path) -> None:
    """Writes all of it."""
    statuses = {name: {by: sorted(seen) for by, seen in clients.items()} for name, clients in driven.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"driven": statuses, "survived": survived}, indent=1, sort_keys=True), encoding="utf-8")

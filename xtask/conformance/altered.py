"""Schemathesis must see it if the document says something else than the server does: documents that are altered in one place."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fuzz
import yaml

LIST, STATUS = "/v1/{project_id}/instances", "/v1/{project_id}/instances/{id}/status"
# How many cases are more than enough to see it.
CASES = 1_000

Document = dict[str, Any]


def schemas(document: Document) -> Any:
    return document["components"]["schemas"]


def another_header(document: Document) -> None:
    document["components"]["headers"]["X-Mock"]["schema"]["pattern"] = "^x"


def a_status_is_missing(document: Document) -> None:
    del document["paths"][STATUS]["get"]["responses"]["404"]


def a_field_of_an_answer_is_not_there(document: Document) -> None:
    schemas(document)["Status"]["required"].append("job_id")


def a_password_is_not_needed(document: Document) -> None:
    schemas(document)["ReinstallRequest"]["required"].remove("password")


def a_limit_may_be_any_text(document: Document) -> None:
    document["paths"][LIST]["get"]["parameters"][0]["schema"] = {"type": "string"}


def keys_of_labels_are_short(document: Document) -> None:
    schemas(document)["Tag"]["properties"]["key"]["maxLength"] = 20


def versions_need_a_token(document: Document) -> None:
    document["paths"]["/v3"]["get"]["security"] = [{"Token": []}]


ALTERED: list[tuple[Callable[[Document], None], str]] = [
    (another_header, "KeystoneShowVersion"),
    (a_status_is_missing, "ShowInstanceStatus"),
    (a_field_of_an_answer_is_not_there, "ShowInstanceStatus"),
    (a_password_is_not_needed, "ReinstallOS"),
    (a_limit_may_be_any_text, "ListInstances"),
    (keys_of_labels_are_short, "BatchCreateTags"),
    (versions_need_a_token, "KeystoneShowVersion"),
]


def run(document: Path, out: Path, seed: int) -> dict[str, Any]:
    """Tells which altered documents passed; none may."""
    plain = yaml.safe_load(document.read_text(encoding="utf-8"))
    missed = []
    for alter, operation in ALTERED:
        folder = out / alter.__name__
        folder.mkdir(parents=True, exist_ok=True)
        altered = copy.deepcopy(plain)
        alter(altered)
        (folder / document.name).write_text(json.dumps(altered), encoding="utf-8")
        found = fuzz.run(folder / document.name, folder, CASES, seed, only=operation, loud=False)
        if not found["failures"]:
            missed.append(alter.__name__)
    for name in missed:
        print(f"altered: schemathesis does not see {name}", flush=True)
    print(f"altered: {len(ALTERED) - len(missed)} of {len(ALTERED)} altered documents were seen to be wrong", flush=True)
    return {"passed": not missed, "altered": len(ALTERED), "missed": missed}

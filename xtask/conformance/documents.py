"""The two documents: whether they are OpenAPI 3.1, and whether their examples are what their schemas say."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import schemathesis
import yaml

METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True)
class Documents:
    folder: Path
    clouddc: Any
    admin: Any

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.yaml"

    def keys_of_operations(self) -> dict[str, str]:
        """The provider's operations, each with its method and path."""
        paths = self.clouddc.raw_schema["paths"]
        return {
            described["operationId"]: f"{method.upper()} {path}"
            for path, item in paths.items()
            for method, described in item.items()
            if method in METHODS
        }


def check_documents(folder: Path) -> Documents:
    """Reads both; raises if one is no valid document, or if an example is not of its schema."""
    loaded = {}
    for name in ("clouddc", "admin"):
        schema = schemathesis.openapi.from_path(str(folder / f"{name}.yaml"))
        schema.validate()
        plain = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))
        count = check_examples(plain, plain["components"], name)
        print(f"{name}.yaml is OpenAPI {plain['openapi']}, and {count} examples are of their schemas", flush=True)
        loaded[name] = schema
    return Documents(folder, **loaded)


def check_examples(place: Any, components: dict[str, Any], where: str) -> int:
    """Checks every `examples` that stands beside a `schema`, and tells how many there are."""
    if isinstance(place, list):
        return sum(check_examples(each, components, f"{where}/{index}") for index, each in enumerate(place))
    if not isinstance(place, dict):
        return 0
    count = 0
    if isinstance(place.get("schema"), dict):
        rule = {"allOf": [place["schema"]], "components": components}
        validator = jsonschema_rs.Draft202012Validator(rule, validate_formats=True, ignore_unknown_formats=True)
        for name, example in place.get("examples", {}).items():
            for error in validator.iter_errors(example["value"]):
                raise SystemExit(f"{where}: example {name}: {error.message}: {json.dumps(example['value'])}")
            count += 1
    return count + sum(check_examples(each, components, f"{where}/{key}") for key, each in place.items())

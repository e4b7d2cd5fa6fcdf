"""Schemathesis against a mock server of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from server import PROJECT, TOKEN, Server

# What is generated for each operation besides the examples, the edges and the chains of calls: so many of this share of all.
EXAMPLES_SHARE, EXAMPLES_MIN, EXAMPLES_MAX = 50, 5, 120
# How many runs of schemathesis add up to what was asked for, at most.
ROUNDS_MAX = 20
# How long one answer may take, in seconds. The longest is that of a wait for what does not come, of some milliseconds.
ANSWER_SECONDS_MAX = 20
# A stream without end, and what is served by parts that have tests of their own.
LEFT_OUT = ["/_mock/events", "/_mock/", "/_mock/schema/scenario.json"]

CONFIG = """\
continue-on-failure = true
hooks = {hooks}
request-timeout = {timeout}

[generation]
database = "none"

[auth.openapi.Token]
api_key = "{token}"

[parameters]
"path.project_id" = "{project}"

[checks.positive_data_acceptance]
# What has the document's form may be about an instance or a world that is not there, or be waited for in vain.
expected-statuses = ["2xx", "3xx", 401, 404, 408, 409]

[[operations]]
include-path = {left_out}
enabled = false
"""


def run(
    document: Path, out: Path, cases: int, seed: int, only: str | None = None, *, loud: bool = True
) -> dict[str, Any]:
    """Generates so many cases at least, of one operation alone if that is asked for; tells what was found."""
    out.mkdir(parents=True, exist_ok=True)
    config = CONFIG
    if document.stem == "admin":
        config = config.replace('[auth.openapi.Token]\napi_key = "{token}"\n', "")
    else:
        config = config[: config.index("[[operations]]")]
    values = {
        "hooks": json.dumps(str(Path(__file__).with_name("hooks.py"))),
        "timeout": ANSWER_SECONDS_MAX,
        "token": TOKEN,
        "project": PROJECT,
        "left_out": json.dumps(LEFT_OUT),
    }
    (out / "schemathesis.toml").write_text(config.format(**values), encoding="utf-8")
    (out / "dropped.json").unlink(missing_ok=True)
    examples = min(max(cases // EXAMPLES_SHARE, EXAMPLES_MIN), EXAMPLES_MAX)
    found: dict[str, Any] = {"cases": 0, "failures": 0, "accepted": {}, "dropped": {}, "seeds": [], "passed": True}
    while found["passed"] and found["cases"] < cases and len(found["seeds"]) < ROUNDS_MAX:
        told = one_round(document, out, examples, seed + len(found["seeds"]), found, only)
        if loud and not found["passed"]:
            print(told, flush=True)
    if not loud:
        return found
    for operation, count in found["accepted"].items():
        if not count and document.stem == "clouddc":
            # Where everything is refused, nothing is seen. Of the admin API, some calls are about what other calls have made.
            print(f"{document.name}: no well-formed case of {operation} was accepted", flush=True)
            found["passed"] = False
    print(f"{document.name}: {found['cases']} cases, {found['failures']} failures", flush=True)
    for why, count in sorted(found["dropped"].items()):
        print(f"  not held against it: {count} times {why}", flush=True)
    return found


def one_round(
    document: Path, out: Path, examples: int, seed: int, found: dict[str, Any], only: str | None
) -> str:
    """One run of schemathesis, whose findings are added up; what it printed."""
    report = out / "report.json"
    report.unlink(missing_ok=True)
    (out / "dropped.json").unlink(missing_ok=True)
    # Reinstalls are over at once: no well-formed request is to be refused for the state of an instance.
    with Server("--reinstall-takes", "1ms") as server:
        known = {"instances": server.ids(), "iam_token": server.iam_token()}
        (out / "known.json").write_text(json.dumps(known), encoding="utf-8")
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", server.url, "--checks", "all"]
        command += ["--seed", str(seed), "--max-examples", str(examples), "--no-color", "--warnings", "off"]
        if only:
            # One operation alone has no chains.
            command += ["--include-operation-id", only, "--phases", "examples,coverage,fuzzing"]
        command += ["--report", "json", "--report-json-path", str(report)]
        environment = {**os.environ, "NO_PROXY": "*"}
        done = subprocess.run(command, cwd=out, env=environment, capture_output=True, text=True, check=False)
    (out / f"seed-{seed}.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    told = json.loads(report.read_text(encoding="utf-8")) if report.exists() else None
    found["seeds"].append(seed)
    if told is None or done.returncode != 0 or told["errors"] or not told["complete"]:
        found["passed"] = False
    if told is None:
        return done.stdout + done.stderr
    found["schemathesis"] = told["schemathesis_version"]
    found["cases"] += told["test_cases"]["generated"]
    found["failures"] += told["test_cases"]["unique_failures"]
    for operation, phases in told["valid_rates"].items():
        accepted = sum(phase["accepted"] for phase in phases.values())
        found["accepted"][operation] = found["accepted"].get(operation, 0) + accepted
    dropped = out / "dropped.json"
    for why, count in json.loads(dropped.read_text(encoding="utf-8")).items() if dropped.exists() else []:
        found["dropped"][why] = found["dropped"].get(why, 0) + count
    return done.stdout + done.stderr

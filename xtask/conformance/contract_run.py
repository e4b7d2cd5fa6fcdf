"""The contract suite against mock servers of several kinds, and against some that break it: it must be able to fail."""

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from server import PROJECT, TOKEN, USER, Server

# The kinds of services that the documents know.
KINDS = [(), ("--lifecycle", "diagram-2025"), ("--lifecycle", "diagram-2026"), ("--no-operation-state",)]
# How long a reinstall takes: long enough to be met underway by a machine that is busy.
REINSTALL_TAKES = "1s"
# How many suites run at the same time.
AT_ONCE = 5


def rule(operation: str, **effect: Any) -> dict[str, Any]:
    return {"on": operation, "times": None, "effect": effect}


def answer(operation: str, status: int, body: str = "") -> dict[str, Any]:
    return rule(operation, kind="answer", when="before", status=status, body=body)


# What is broken, and which check must see it.
BROKEN = [
    (rule("ListInstances", kind="partial", omit="every_second"), "pages-are-complete-and-stable"),
    (answer("ListInstances", 500), "limits-are-brought-into-range"),
    (answer("ShowInstanceStatus", 404, '{"error_code":"iMetal.0200","error_msg":"Instances not found"}'),
     "unknown-instances-are-told-by-their-ids"),
    (rule("ReinstallOS", kind="stranger"), "a-reinstall-is-seen-through"),
    (rule("ReinstallOS", kind="ending", ending="never"), "a-reinstall-is-seen-through"),
    (rule("ReinstallOS", kind="partial", omit={"last": 1}), "batches-have-a-cap"),
    (answer("ReinstallOS", 202, '{"instances":[]}'), "weak-passwords-are-refused"),
    (answer("BatchCreateTags", 204), "labels-come-and-go"),
    (answer("ChangeInstancePassword", 200, '{"instances":[]}'), "passwords-of-running-systems-are-changed"),
    (answer("KeystoneCreateUserTokenByPassword", 201, "{}"), "wrong-users-get-no-token"),
]


def command(server: Server, out: Path, *more: str) -> list[str]:
    (out / "token").write_text(TOKEN, encoding="utf-8")
    (out / "user").write_text(USER, encoding="utf-8")
    suite = Path(__file__).with_name("contract.py")
    given = ["--base-url", server.url, "--project-id", PROJECT, "--token-file", str(out / "token")]
    return [sys.executable, "-B", str(suite), *given, "--user-file", str(out / "user"), *more]


def against(flags: tuple[str, ...], out: Path) -> tuple[list[str], int, str]:
    """Runs it against one kind of service: what did not pass, how many checks there were, and what it printed."""
    name = " ".join(flags) or "no flags"
    with tempfile.TemporaryDirectory(dir=out) as folder, Server("--reinstall-takes", REINSTALL_TAKES, *flags) as server:
        file = Path(folder) / "contract.json"
        done = subprocess.run(
            command(server, Path(folder), "--json", str(file)), capture_output=True, text=True, check=False
        )
        told = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    failures = [f"{each['name']} with {name}" for each in told if each["outcome"] != "ok"]
    if done.returncode != 0 and not failures:
        failures = [f"the suite with {name}"]
    return failures, len(told), f"contract of a server with {name}:\n{done.stdout}{done.stderr}"


def sees(broken: dict[str, Any], name: str, out: Path) -> list[str]:
    """Runs one check against a server that breaks it; what is wrong if it passes."""
    with tempfile.TemporaryDirectory(dir=out) as folder, Server("--reinstall-takes", "100ms") as server:
        server.admin("POST", "faults", [broken])
        suite = command(server, Path(folder), "--only", name, "--reinstall-within", "2")
        done = subprocess.run(suite, capture_output=True, text=True, check=False)
    if done.returncode == 1 and "FAIL" in done.stdout:
        return []
    return [f"{name} does not see {broken}: {done.stdout}{done.stderr}"]


def run_all(out: Path, *, loud: bool) -> dict[str, Any]:
    """Runs it against each kind; each check must pass against all of them, and fail where it is to."""
    failures, checks = [], 0
    # They wait more than they work.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        passing = [pool.submit(against, flags, out) for flags in KINDS]
        failing = [pool.submit(sees, broken, name, out) for broken, name in BROKEN]
        for future in passing:
            failed, count, printed = future.result()
            failures += failed
            checks += count
            if loud or failed:
                print(printed, flush=True)
        failures += [wrong for future in failing for wrong in future.result()]
    for failure in failures:
        print(f"contract: {failure}", flush=True)
    print(
        f"contract: {checks} checks of {len(KINDS)} kinds of servers, {len(BROKEN)} broken servers, {len(failures)} failures",
        flush=True,
    )
    return {"passed": not failures, "failures": failures, "checks": checks, "kinds": len(KINDS), "broken": len(BROKEN)}

"""What a CloudDC endpoint must do, checked from outside: needs Python 3.10 or later and nothing else.

    python contract.py --base-url http://127.0.0.1:8080 --project-id P --token-file FILE
    python contract.py --base-url https://clouddc.REGION.myhuaweicloud.com --project-id P --token-file FILE --read-only

Each check has a name, and `--list` tells them all. Whoever writes a check that changes anything marks it: those are left out
with `--read-only`, and also where an answer lacks the header X-Mock. They wipe instances, and no option makes them wipe any
that are not a mock's. Ends with 0 if nothing failed, with 1 if something did, with 2 if it could not begin.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from contract_client import Broken, Endpoint, Unreachable
from contract_reads import READS
from contract_writes import WRITES

# How many characters of what a check reports are shown.
DETAIL_CHARS_MAX = 160


def run(endpoint: Endpoint, only: list[str], read_only: bool) -> list[dict[str, str]]:
    """Runs the checks, prints a line for each, and tells what came of each."""
    told = []
    for check in [*READS, *WRITES]:
        if only and check.name not in only:
            continue
        began = time.monotonic()
        try:
            if check.changes and read_only:
                outcome, detail = "skip", "it changes something"
            elif check.changes and not endpoint.is_mock:
                outcome, detail = "skip", "it changes something, and this endpoint does not say that it is a mock (X-Mock)"
            elif check.needs_user and not endpoint.user:
                outcome, detail = "skip", "no --user-file"
            else:
                outcome, detail = "ok", check.run(endpoint) or ""
        except Broken as broken:
            outcome, detail = "FAIL", str(broken)
        seconds = time.monotonic() - began
        told.append({"name": check.name, "outcome": outcome, "detail": detail})
        shown = detail if outcome == "FAIL" else detail[:DETAIL_CHARS_MAX]
        print(f"{outcome:<4}  {check.name:<34} {seconds:5.1f} s  {shown}", flush=True)
    return told


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", help="scheme, host and port; both CloudDC and IAM")
    parser.add_argument("--project-id", help="the project whose instances are looked at")
    parser.add_argument("--token-file", type=Path, help="a file with the token for X-Auth-Token")
    parser.add_argument("--user-file", type=Path, help="a file with NAME:PASSWORD@DOMAIN, for the checks of IAM")
    parser.add_argument("--read-only", action="store_true", help="leave out what changes anything")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this check; may be repeated")
    parser.add_argument("--ca-file", type=Path, help="whom to trust, in PEM, instead of the machine's own list")
    parser.add_argument("--reinstall-within", type=float, default=30, metavar="S", help="how long a reinstall may take")
    parser.add_argument("--batch-cap", type=int, default=50, metavar="N", help="the most ids of a reinstall request")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what came of each check")
    parser.add_argument("--list", action="store_true", help="tell the checks and stop")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    if args.list:
        for check in [*READS, *WRITES]:
            print(f"{check.name:<34} {'changes' if check.changes else 'reads':<8} {check.says}")
        return 0
    missing = [flag for flag in ("base_url", "project_id", "token_file") if getattr(args, flag) is None]
    unknown = set(args.only) - {check.name for check in [*READS, *WRITES]}
    if missing or unknown:
        needed = [f"--{flag.replace('_', '-')}" for flag in missing]
        print(f"missing: {' '.join(needed)}" if missing else f"no such check: {' '.join(unknown)}", file=sys.stderr)
        return 2
    try:
        endpoint = Endpoint(args)
        told = run(endpoint, args.only, args.read_only)
    except (Unreachable, OSError) as error:
        print(f"cannot begin, or not go on: {error}", file=sys.stderr)
        return 2
    if args.json:
        args.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    count = {outcome: sum(each["outcome"] == outcome for each in told) for outcome in ("ok", "FAIL", "skip")}
    print(f"contract: {count['ok']} passed, {count['FAIL']} failed, {count['skip']} skipped")
    return 1 if count["FAIL"] or not count["ok"] else 0


if __name__ == "__main__":
    sys.exit(main())

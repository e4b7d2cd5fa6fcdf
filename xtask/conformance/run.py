"""Holds a mock server against its documents: `run.py --mock PROGRAM --documents FOLDER --out FOLDER [--cases N] [--seed N]`.

`cargo xtask conformance` makes the virtual environment, builds the program and calls this. What it found is left in
FOLDER/evidence.json.
"""

import argparse
import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import altered
import contract_run
import fuzz
import statuses
from documents import check_documents
from server import Server

# How many cases the admin document gets for each hundred of the provider's.
ADMIN_PERCENT = 40
# From how many cases on it is also tried whether altered documents are seen to be wrong.
ALTERED_FROM_CASES = 2_000


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mock", type=Path, required=True, help="the mock server")
    parser.add_argument("--documents", type=Path, required=True, help="the folder with clouddc.yaml and admin.yaml")
    parser.add_argument("--out", type=Path, required=True, help="where to work, and to leave the evidence")
    parser.add_argument("--cases", type=int, default=5_000, help="how many cases schemathesis is to generate at least")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--contract", action="store_true", help="the contract suite alone")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    Server.program = args.mock
    if args.contract:
        return 0 if contract_run.run_all(args.out, loud=True)["passed"] else 1
    print(f"conformance: --cases {args.cases} --seed {args.seed}", flush=True)
    documents = check_documents(args.documents)
    evidence: dict[str, Any] = {"seed": args.seed, "documents": documents.keys_of_operations()}
    evidence["statuses"] = statuses.run(documents.clouddc)
    evidence["contract"] = contract_run.run_all(args.out, loud=False)
    wanted = {"clouddc": args.cases, "admin": args.cases * ADMIN_PERCENT // 100}
    with ThreadPoolExecutor(len(wanted)) as pool:
        runs = {
            name: pool.submit(fuzz.run, documents.path(name), args.out / name, cases, args.seed)
            for name, cases in wanted.items()
        }
        evidence.update({name: run.result() for name, run in runs.items()})
    parts = ["statuses", "contract", "clouddc", "admin"]
    if args.cases >= ALTERED_FROM_CASES:
        evidence["altered"] = altered.run(documents.path("clouddc"), args.out / "altered", args.seed)
        parts.append("altered")
    (args.out / "evidence.json").write_text(json.dumps(evidence, indent=1, sort_keys=True), encoding="utf-8")
    failed = [part for part in parts if not evidence[part]["passed"]]
    generated = sum(evidence[part]["cases"] for part in ("clouddc", "admin"))
    print(f"conformance: {generated} cases of schemathesis, {len(evidence['statuses']['seen'])} operations in all their statuses, "
          f"{evidence['contract']['checks']} checks of the contract; failed: {', '.join(failed) or 'nothing'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

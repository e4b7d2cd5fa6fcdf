"""Runs the suite: `run.py --mock PROGRAM --cli PROGRAM --sign PROGRAM --evidence FILE [--seed N]`.

`cargo xtask interop` makes the virtual environment, builds the programs and calls this.
"""

import argparse
import logging
import os
import random
import sys
import tempfile
import unittest
from pathlib import Path

import evidence
import given
from deadline import within

# How long all of it may take, in seconds; it is about twenty on an idle machine.
RUN_SECONDS_MAX = 180


def clear_environment(home: str) -> None:
    """Nothing of the caller's may choose an account, an endpoint or a proxy; and the SDK writes into its home."""
    for name in list(os.environ):
        if name.startswith(("HUAWEICLOUD_", "HW_", "OS_", "REINSTALL_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update(HOME=home, USERPROFILE=home, NO_PROXY="*")


def main() -> int:
    parser = argparse.ArgumentParser()
    for program in ("mock", "cli", "sign"):
        parser.add_argument(f"--{program}", type=Path, required=True)
    parser.add_argument("--evidence", type=Path, required=True, help="where to leave what was seen")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    given.started_with = given.Given(**vars(parser.parse_args()))
    print(f"interop: --seed {given.started_with.seed}", flush=True)
    # What the SDK would log the tests look at themselves.
    logging.disable(logging.CRITICAL)
    with within(RUN_SECONDS_MAX), tempfile.TemporaryDirectory() as home:
        clear_environment(home)
        suite = unittest.defaultTestLoader.discover(str(Path(__file__).parent))
        outcome = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    if not outcome.wasSuccessful() or outcome.testsRun == 0:
        return 1
    evidence.write(given.started_with.evidence)
    return 0


if __name__ == "__main__":
    sys.exit(main())

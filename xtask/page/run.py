"""Runs the suite: `run.py --chromium PROGRAM (--mock PROGRAM | --url URL --token T) [--screenshot FILE]`.

`cargo xtask page` looks for the browser, builds the server and calls this. Python's own library is all that it needs.
"""

import argparse
import faulthandler
import logging
import os
import sys
import unittest
from pathlib import Path

import given
import pictures
from browser import Browser
from case import Case
from mock import Mock

# How long all of it may take, in seconds; it is about thirty on an idle machine.
RUN_SECONDS_MAX = 300


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--chromium", required=True)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--mock", type=Path)
    where.add_argument("--url")
    parser.add_argument("--token")
    parser.add_argument("--screenshot", type=Path, help="renew this picture, and the dark and the narrow one beside it")
    args = vars(parser.parse_args())
    screenshot = args.pop("screenshot")
    given.started_with = given.Given(**args)
    # A proxy of the caller's has no business between us and loopback.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
    logging.disable(logging.CRITICAL)
    # Ends the process with a trace of where every thread stands.
    faulthandler.dump_traceback_later(RUN_SECONDS_MAX, exit=True)
    if screenshot:
        pictures.draw(screenshot)
        return 0
    with Browser(given.started_with.chromium) as Case.browser, Mock() as Case.mock:
        suite = unittest.defaultTestLoader.discover(str(Path(__file__).parent))
        outcome = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    return 0 if outcome.wasSuccessful() and outcome.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())

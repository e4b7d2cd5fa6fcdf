"""Nothing waits for ever: what is not done in time ends the whole run, and leaves no process behind."""

import faulthandler
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Programs that were started here and must not outlive the run.
started: set[subprocess.Popen] = set()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Ends the process with a trace of where every thread stands, unless the body is done in time."""

    def give_up() -> None:
        print(f"\ninterop: not done within {seconds} s", flush=True)
        faulthandler.dump_traceback()
        for process in list(started):
            process.kill()
        os._exit(1)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

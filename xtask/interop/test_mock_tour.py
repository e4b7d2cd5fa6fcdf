"""The tours of docs/mock-tour.md are run as they stand there, and what they print is what is shown."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import given
from case import Case
from deadline import started

DOCUMENT = Path(__file__).parents[2] / "docs" / "mock-tour.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Printed between the blocks, so that it is known which one printed what.
MARK = "-- end of a block --"
# What stands for anything in what is shown.
ANYTHING = "[...]"
# How long all of a tour may take, in seconds.
TOUR_SECONDS_MAX = 35


@dataclass
class Block:
    """What is run, and what it is shown to print; `None` if nothing is shown."""

    script: str
    shown: str | None = None


def blocks(text: str) -> list[Block]:
    """The blocks of a document, as parts of one Bash script."""
    found: list[Block] = []
    for kind, content in BLOCK.findall(text):
        if kind == "text":
            found[-1].shown = content
        elif kind == "sh":
            found.append(Block(content))
        elif kind == "python":
            found.append(Block(f"python - <<'END_OF_PYTHON'\n{content}END_OF_PYTHON\n"))
        else:
            raise ValueError(f"a block of a kind that is not known: {kind}")
    return found


def is_as_shown(printed: str, shown: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in shown.strip().split(ANYTHING))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


class MockTour(Case):
    def test_what_is_shown_is_what_is_printed(self) -> None:
        for program in ("bash", "curl"):
            self.assertIsNotNone(shutil.which(program), f"the tour needs {program}")
        wanted = blocks(DOCUMENT.read_text(encoding="utf-8"))
        # Whatever goes wrong, no server is to stay behind.
        script = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\nset -eu\n" + "".join(
            f"{block.script}echo; echo '{MARK}'\n" for block in wanted
        )
        path = os.pathsep.join([str(given.started_with.mock.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        with tempfile.TemporaryDirectory() as folder:
            bash = subprocess.Popen(
                ["bash", "-c", script], cwd=folder, env={**os.environ, "PATH": path}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            )
            started.add(bash)
            try:
                printed, complaints = bash.communicate(timeout=TOUR_SECONDS_MAX)
            finally:
                started.discard(bash)
                if bash.poll() is None:
                    # With all that it has started.
                    os.killpg(bash.pid, signal.SIGKILL)
        self.assertEqual(bash.returncode, 0, printed + complaints)
        parts = printed.split(MARK)
        self.assertEqual(len(parts), len(wanted) + 1, printed + complaints)
        for block, part in zip(wanted, parts, strict=False):
            if block.shown is not None:
                self.assertTrue(is_as_shown(part, block.shown), f"{block.script}\nprinted\n{part}\nand not\n{block.shown}")
        self.assertGreater(sum(block.shown is not None for block in wanted), 8)

    def test_another_output_is_seen(self) -> None:
        for printed, shown, is_same in [
            ("a 17 b\n", "a [...] b", True),
            ("a 17 c", "a [...] b", False),
            ("a\nb", "a\n[...]", True),
            ("ab", "a.", False),
            ("", "a", False),
        ]:
            self.assertEqual(is_as_shown(printed, shown), is_same, (printed, shown))

"""Our command line as a process."""

import subprocess
import tempfile
from pathlib import Path

import given
from mock import ACCESS_KEY, PROJECT, SECRET_KEY

# How long a command may take, in seconds.
COMMAND_SECONDS_MAX = 30
# The clocks of a run, sped up as much as the mock's reinstalls are.
SPED_UP = ("--poll-every", "20ms", "--shortest", "5s", "--settle-after", "6s", "--read-lag", "20ms", "--call-timeout", "5s")

# Our command line reads what the SDK reads.
SIGNED = {"HUAWEICLOUD_SDK_AK": ACCESS_KEY, "HUAWEICLOUD_SDK_SK": SECRET_KEY}


class Cli:
    """The command line in a folder of its own, with nothing in its environment but whom to talk to."""

    def __init__(self, folder: str, url: str, credentials: dict[str, str]) -> None:
        self._folder = Path(folder)
        self._environment = {
            "HOME": folder,
            "REINSTALL_ENDPOINT": url,
            "REINSTALL_PROJECT_ID": PROJECT,
            "REINSTALL_STATE_DIR": str(self._folder / "state"),
            **credentials,
        }

    def command(self, *args: str) -> str:
        """What a command that succeeds prints."""
        done = subprocess.run(
            [str(given.started_with.cli), *args],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"reinstall {args[0]} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def reinstall(self, ids: list[str], password: str, image: str | None = None) -> None:
        """Reinstalls these instances in one wave."""
        secret = self._folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(password, encoding="utf-8")
        kept = ("--image-id", image) if image else ()
        self.command("run", "--yes", "--password-file", "password", "--waves", "100%", *SPED_UP, *kept, *ids)

"""What the suite was started with: see run.py, which alone sets it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Given:
    # The mock server's program, or the base URL of one that runs already.
    mock: Path | None
    url: str | None
    # What opens the running one.
    token: str | None
    chromium: str


# Set before any test is loaded.
started_with: Given

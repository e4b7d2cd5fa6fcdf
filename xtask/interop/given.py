"""What the suite was started with: see run.py, which alone sets it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Given:
    mock: Path
    cli: Path
    sign: Path
    evidence: Path
    seed: int


# Set before any test is loaded.
started_with: Given

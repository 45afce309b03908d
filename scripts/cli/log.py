"""Progress and messages, on stderr. Standard library only."""

from __future__ import annotations

import sys


def log(text: str, *, passing: bool = False) -> None:
    """A line about the progress, on stderr; on a terminal the next one takes the place of a `passing` one."""
    if not sys.stderr.isatty():
        sys.stderr.write(f"{text}\n")
    elif passing:
        sys.stderr.write(f"\r\x1b[K{text}")
    else:
        sys.stderr.write(f"\r\x1b[K{text}\n")
    sys.stderr.flush()

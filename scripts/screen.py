"""Where tables are shown."""

from __future__ import annotations

import sys

from rich.console import Console

WIDTH = 160
"""In a log nobody can widen the window."""


def console() -> Console:
    """Stdout, as wide as its window."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)

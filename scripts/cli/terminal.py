"""What a person sees, and is asked."""

from __future__ import annotations

import sys

from rich.console import Console

from scripts.cli.error_handling import ScriptError

WIDTH = 160
"""In a log nobody can widen the window."""


def console() -> Console:
    """Stdout, as wide as its window."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)


def confirm(question: str, *, yes: bool, no: str) -> None:
    """`ScriptError` with the words of `no` unless somebody types yes, or --yes was said beforehand."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ScriptError(f"{question} Nobody is there to ask: --yes says it beforehand.", code=2)
    if input(f"{question} Only `yes` does it: ").strip() != "yes":
        raise ScriptError(no)

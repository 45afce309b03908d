"""Output for a person, and questions."""

from __future__ import annotations

import sys

from rich.console import Console

from scripts.cli.error_handling import ScriptError

WIDTH = 160
"""Columns where there is no terminal, as in a log."""


def console() -> Console:
    """Stdout, as wide as the terminal."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)


def confirm(question: str, *, yes: bool, no: str) -> None:
    """Ask, unless `yes`.

    Raises:
        ScriptError: with the text `no`, if the answer is not yes; or if there is no terminal.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ScriptError(f"{question} There is no terminal to ask on. Use --yes to confirm in advance.", code=2)
    if input(f"{question} Type yes to continue: ").strip() != "yes":
        raise ScriptError(no)

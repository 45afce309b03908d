"""Output for a person, and questions."""

from __future__ import annotations

import sys

from rich.console import Console

from scripts.cli.error_handling import ScriptError

WIDTH = 160
"""Columns where there is no terminal, as in a log."""


def console(*, stderr: bool = False) -> Console:
    """Stdout or stderr, as wide as its window."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else WIDTH)


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

"""Steps that say what they found and what they did, and what to do when they fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scripts.bootstrapping.reasons import advice
from scripts.cli.command_line import CommandError
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log


class Steps:
    """The lines that a person reads."""

    def __init__(self, *, dry_run: bool) -> None:
        self._dry_run = dry_run

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Name what follows; a command that fails in it fails with the step's name, the message and what to do."""
        log(name)
        try:
            yield
        except CommandError as failure:
            raise ScriptError(
                f"\nFailed: {name}\n"
                f"Command: {failure.command}\n"
                f"Answer: {failure.message}\n"
                f"What to do: {advice(failure)}\n"
                "Nothing is lost: the same command goes on where this one stopped."
            ) from None

    def found(self, text: str) -> None:
        """Something is as it should be."""
        log(f"  found: {text}")

    def created(self, text: str) -> None:
        """Something was not there."""
        log(f"  {'would be ' if self._dry_run else ''}created: {text}")

    def changed(self, text: str) -> None:
        """Something was there, but not as it should be."""
        log(f"  {'would be ' if self._dry_run else ''}changed: {text}")

    def noted(self, text: str) -> None:
        """Something that a person should know."""
        log(f"  note: {text}")

"""What bootstrap and preflight print: their steps, the result of each, and reason and remedy when one fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scripts.advice.entries import for_command
from scripts.cli.command_line import CommandError
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log

_AGAIN = "To continue, run the bootstrap again; it skips what is done."


class Progress:
    """Prints to stderr; in a dry run a change is one that would be made."""

    def __init__(self, *, dry_run: bool = False, again: str = _AGAIN) -> None:
        self._would_be = "would be " if dry_run else ""
        self._again = again

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Print the step's name; turn a failed command in it into a message that says what to do."""
        log(name)
        try:
            yield
        except CommandError as failure:
            advice = for_command(f"{failure.reason}\n{failure.message}")
            raise ScriptError(
                f"\nFailed: {name}\n"
                f"Command: {failure.command}\n"
                f"Answer: {failure.message}\n"
                f"What to do: {advice.text if advice else 'Correct what the message says.'}\n"
                f"{self._again}"
            ) from None

    def ok(self, text: str) -> None:
        """Something is as it should be."""
        log(f"  ok: {text}")

    def created(self, text: str) -> None:
        """Something did not exist."""
        log(f"  {self._would_be}created: {text}")

    def changed(self, text: str) -> None:
        """Something existed with other settings."""
        log(f"  {self._would_be}changed: {text}")

    def deleted(self, text: str) -> None:
        """Something existed and must not."""
        log(f"  {self._would_be}deleted: {text}")

    def note(self, text: str) -> None:
        """Something that a person should know."""
        log(f"  note: {text}")

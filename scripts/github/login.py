"""Who is logged in to GitHub: a person without gh, or without a login, gets commands or a checklist instead."""

from __future__ import annotations

from scripts.cli.command_line import CommandError, CommandLine


class UnusableError(Exception):
    """gh cannot be used; the text says why."""


def find_user(gh: CommandLine) -> str:
    """The name of the user.

    Raises:
        UnusableError: gh is not there, or not logged in.
    """
    if not gh.is_installed:
        raise UnusableError("gh is not on PATH (https://cli.github.com).")
    try:
        return str(gh.query("api", "user")["login"])
    except CommandError as failure:
        if failure.reason == "401" or "gh auth login" in failure.message:
            raise UnusableError("gh is not logged in (gh auth login).") from None
        raise

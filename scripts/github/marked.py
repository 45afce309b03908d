"""Texts of ours on GitHub that are found again: each begins with a mark that nobody sees, and is by the same author."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scripts.cli.command_line import CommandLine

ROBOT = "github-actions[bot]"
"""Who a workflow's token is; it may not ask for itself."""
LONGEST = 65_536
"""Characters of a comment or an issue: GitHub refuses more with 422."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A repository, for one login of gh."""

    gh: CommandLine
    repository: str
    login: str

    def listed(self, path: str) -> Iterator[dict[str, Any]]:
        """What is at the path and by this login, however many pages it takes."""
        things = self.gh.ask("api", "--paginate", f"repos/{self.repository}/{path}") or []
        return (thing for thing in things if (thing["user"] or {}).get("login") == self.login)

    def send(self, method: str, path: str, **body: str) -> dict[str, Any]:
        """The body goes through stdin, as it may be longer than a command line."""
        words = ("--method", method, f"repos/{self.repository}/{path}", "--input", "-")
        sent: dict[str, Any] = self.gh.change("api", *words, stdin=json.dumps(body))
        return sent


def place(gh: CommandLine, repository: str) -> Place:
    """The repository, as whoever gh is logged in as."""
    me = gh.find("api", "user", missing={"403"})
    return Place(gh=gh, repository=repository, login=me["login"] if me else ROBOT)


def mark(kind: str, env: str) -> str:
    """The first line."""
    return f"<!-- aigateway {kind} {env} -->"


def marked(mark: str, text: str) -> str:
    """The whole text, cut where GitHub would refuse it."""
    whole = f"{mark}\n{text.strip()}\n"
    if len(whole) <= LONGEST:
        return whole
    note = f"\n\nCut here: GitHub takes {LONGEST:,} characters. The whole text is in the summary of {this_run()}.\n"
    return whole[: LONGEST - len(note)].rpartition("\n")[0] + note


def this_run() -> str:
    """A link to the workflow's run, where there is one."""
    server, number = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_RUN_ID")
    if not (server and number):
        return "the run that wrote this"
    return f"[this run]({server}/{os.environ.get('GITHUB_REPOSITORY')}/actions/runs/{number})"

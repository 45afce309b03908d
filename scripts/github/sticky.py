"""Comments and issues that are updated in place; each starts with a hidden marker and is by the same author."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scripts.cli.command_line import CommandLine

BOT = "github-actions[bot]"
"""The author with a workflow's token, which may not ask who it is."""
MAX_LENGTH = 65_536
"""Characters of a comment or an issue: GitHub refuses more with 422."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository, for one login of gh."""

    gh: CommandLine
    name: str
    login: str

    def list_own(self, path: str) -> Iterator[dict[str, Any]]:
        """The items of all pages at the path that this login wrote."""
        items = self.gh.query("api", "--paginate", f"repos/{self.name}/{path}") or []
        return (item for item in items if (item["user"] or {}).get("login") == self.login)

    def send(self, method: str, path: str, **body: str) -> dict[str, Any]:
        """The body goes through stdin: it may be longer than a command line."""
        words = ("--method", method, f"repos/{self.name}/{path}", "--input", "-")
        sent: dict[str, Any] = self.gh.change("api", *words, stdin=json.dumps(body))
        return sent


def open_repository(gh: CommandLine, name: str) -> Repository:
    """The repository, with the current login."""
    user = gh.find("api", "user", missing={"403"})
    return Repository(gh=gh, name=name, login=user["login"] if user else BOT)


def marker(kind: str, env: str) -> str:
    """The first line, an HTML comment."""
    return f"<!-- aigateway {kind} {env} -->"


def with_marker(marker: str, text: str) -> str:
    """The whole text, truncated to what GitHub accepts."""
    whole = f"{marker}\n{text.strip()}\n"
    if len(whole) <= MAX_LENGTH:
        return whole
    note = f"\n\nTruncated to {MAX_LENGTH:,} characters. The job summary of {this_run()} has the whole text.\n"
    return whole[: MAX_LENGTH - len(note)].rpartition("\n")[0] + note


def this_run() -> str:
    """A link to the workflow run, if there is one."""
    server, number = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_RUN_ID")
    if not (server and number):
        return "a local run"
    return f"[this run]({server}/{os.environ.get('GITHUB_REPOSITORY')}/actions/runs/{number})"

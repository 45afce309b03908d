"""The program: read the command line, change the state, print what `gh` prints."""

from __future__ import annotations

import json
import sys

from tests.cloud import stand_in, store
from tests.cloud.gh import routes, variables
from tests.cloud.gh.flags import UsageError, parse
from tests.cloud.gh.github import GitHub, HttpError, new

STATE = "gh.json"
LOGGED_OUT = (
    "To get started with GitHub CLI, please run:  gh auth login\n"
    "Alternatively, populate the GH_TOKEN environment variable with a GitHub API authentication token.\n"
)


def main() -> None:
    """One call."""
    stand_in.main("gh", run)


def run(words: list[str]) -> tuple[stand_in.Answer, bool]:
    """The answer, and whether this is a command that changes something."""
    changes = False
    try:
        command, positional, flags = parse(words)
        changes = routes.is_change(flags) if command == "api" else command.endswith((" set", " delete"))
        return _run(words, command, positional, flags, changes=changes), changes
    except UsageError as error:
        return stand_in.Answer(code=1, err=f"{error}\n\nUsage:  gh <command> <subcommand> [flags]\n"), changes


def _run(
    words: list[str], command: str, positional: list[str], flags: dict[str, list[str]], *, changes: bool
) -> stand_in.Answer:
    data = store.read(STATE) or new()
    if data["login"] is None:
        return stand_in.Answer(code=4, err=LOGGED_OUT)
    if changes:
        stand_in.kill_script("before")
    if failure := stand_in.requested_failure("gh", words):
        return _failed(command, positional, HttpError(int(failure["code"]), failure["message"]))
    stdin = sys.stdin.read() if command.endswith(" set") or "--input" in flags else ""
    github = GitHub(data)
    try:
        if command == "api":
            answer = routes.api(github, positional, flags, stdin)
        else:
            answer = variables.run(github, command, positional, flags, stdin)
    except HttpError as error:
        return _failed(command, positional, error)
    if changes:
        store.write(STATE, data)
        stand_in.kill_script("after")
        return stand_in.Answer(out=json.dumps(answer) if command == "api" and answer is not None else "")
    return stand_in.Answer(out=json.dumps(answer))


def _failed(command: str, positional: list[str], error: HttpError) -> stand_in.Answer:
    """`gh api` prints the body as well; the other commands wrap the message."""
    if command == "api":
        body = json.dumps({"message": str(error), "status": str(error.status)})
        return stand_in.Answer(code=1, out=body, err=f"gh: {error} (HTTP {error.status})\n")
    what = {"list": "get"}.get(command.split()[1], command.split()[1])
    url = f"https://api.github.com/repos/.../{command.split()[0]}s/{''.join(positional)}"
    message = f"failed to {what} {command.split()[0]}s: HTTP {error.status}: {error} ({url})\n"
    return stand_in.Answer(code=1, err=message)

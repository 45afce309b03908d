"""One comment per environment on a pull request, with its plan."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from scripts.cli.command_line import CommandError
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.github.sticky import Repository, marker, with_marker


def put_comment(repository: Repository, *, pull_request: int, env: str, text: str) -> None:
    """Create the environment's comment, or update it."""
    first_line = marker("plan", env)
    body = with_marker(first_line, text)
    try:
        for comment in repository.list_own(f"issues/{pull_request}/comments"):
            if comment["body"].startswith(first_line):
                if comment["body"].strip() != body.strip():
                    repository.send("PATCH", f"issues/comments/{comment['id']}", body=body)
                log(f"The comment for {env} on #{pull_request} is up to date.")
                return
        repository.send("POST", f"issues/{pull_request}/comments", body=body)
        log(f"Commented on #{pull_request} for {env}.")
    except CommandError as failure:
        if failure.reason != "403":
            raise
        hint = "The job needs the permission `pull-requests: write`, which pull requests from forks never have."
        raise ScriptError(f"{failure}\n{hint}") from None


def current_pull_request() -> int:
    """The number of the pull request that started this workflow run."""
    event = os.environ.get("GITHUB_EVENT_PATH")
    if event and Path(event).is_file():
        content = json.loads(Path(event).read_text(encoding="utf-8"))
        if number := content.get("pull_request", {}).get("number"):
            return int(number)
    if found := re.fullmatch(r"refs/pull/(\d+)/merge", os.environ.get("GITHUB_REF", "")):
        return int(found[1])
    raise ScriptError("This is not a workflow run of a pull request. Use --pull-request N.", code=2)

"""One comment per environment on a pull request."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from scripts.cli.command_line import CommandError
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.github.marked import Place, mark, marked


def put(place: Place, *, number: int, env: str, text: str) -> None:
    """Create the environment's comment, or give it this text."""
    first = mark("plan", env)
    body = marked(first, text)
    try:
        for comment in place.listed(f"issues/{number}/comments"):
            if comment["body"].startswith(first):
                if comment["body"].strip() != body.strip():
                    place.send("PATCH", f"issues/comments/{comment['id']}", body=body)
                log(f"The comment for {env} on #{number} is up to date.")
                return
        place.send("POST", f"issues/{number}/comments", body=body)
        log(f"Commented on #{number} for {env}.")
    except CommandError as failure:
        if failure.reason != "403":
            raise
        hint = "The job needs `pull-requests: write`, which a pull request of a fork never has."
        raise ScriptError(f"{failure}\n{hint}") from None


def pull_request() -> int:
    """The one that started this run of a workflow."""
    event = os.environ.get("GITHUB_EVENT_PATH")
    if event and Path(event).is_file():
        content = json.loads(Path(event).read_text(encoding="utf-8"))
        if number := content.get("pull_request", {}).get("number"):
            return int(number)
    if found := re.fullmatch(r"refs/pull/(\d+)/merge", os.environ.get("GITHUB_REF", "")):
        return int(found[1])
    raise ScriptError("This is no workflow of a pull request. Say which one: --pull-request N", code=2)

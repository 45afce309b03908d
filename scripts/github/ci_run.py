"""The run of the workflow *ci* for a commit on main."""

from __future__ import annotations

from typing import Any

from scripts.azure.polling import Polling
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log

NO_RUN_S = 300
"""After which a run that is not there will not come."""


def wait_for_ci(gh: CommandLine, repository: str, *, commit: str, polling: Polling) -> None:
    """Return when it has passed.

    Raises:
        ScriptError: it ended otherwise, takes too long, or there is none.
    """
    # Of pushes alone: the run of a pull request tests what its own commit makes of the workflow.
    path = f"repos/{repository}/actions/workflows/ci.yml/runs?head_sha={commit}&event=push"
    seen = ""
    for elapsed_s in polling.attempts():
        runs: list[dict[str, Any]] = gh.query("api", path)["workflow_runs"]
        if not runs:
            if elapsed_s >= NO_RUN_S:
                raise ScriptError(f"ci has no run for {commit} on a branch. Push the commit to main.")
            continue
        run = max(runs, key=lambda each: each["id"])
        if run["status"] == "completed":
            if run["conclusion"] != "success":
                raise ScriptError(f"ci has not passed for {commit}: {run['conclusion']}. See {run['html_url']}")
            log(f"ci has passed for {commit}.")
            return
        if run["status"] != seen:
            seen = run["status"]
            log(f"ci is {seen}: {run['html_url']}")
    raise ScriptError(f"ci has not ended for {commit} after {polling.timeout_s / 60:.0f} minutes.")

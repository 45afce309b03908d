"""One issue per environment, open while Azure differs from the settings on main."""

from __future__ import annotations

from scripts.cli.log import log
from scripts.github.sticky import Repository, marker, this_run, with_marker


def report_drift(repository: Repository, *, env: str, text: str) -> None:
    """Open the issue, or update it."""
    body = with_marker(
        marker("drift", env),
        f"`{env}` in Azure differs from the settings on main, according to {this_run()}.\n\n"
        f"Deploy `{env}` to undo the change in Azure, or put it into the settings. A deployment of main that waits for "
        f"its approval is reported here, too.\n\n{text}",
    )
    if issues := _open_issues(repository, env):
        repository.send("PATCH", f"issues/{issues[-1]}", body=body)
        log(f"{env} has drifted: updated issue #{issues[-1]}.")
        return
    created = repository.send("POST", "issues", title=f"Drift: {env} differs from main", body=body)
    log(f"{env} has drifted: opened issue #{created['number']}.")


def close_drift(repository: Repository, *, env: str) -> None:
    """Close the issue if there is one, with a comment."""
    log(f"{env} has not drifted.")
    for number in _open_issues(repository, env):
        repository.send("POST", f"issues/{number}/comments", body=f"No drift any more, according to {this_run()}.")
        repository.send("PATCH", f"issues/{number}", state="closed", state_reason="completed")
        log(f"Closed issue #{number}.")


def _open_issues(repository: Repository, env: str) -> list[int]:
    issues = repository.list_own("issues?state=open")
    return [issue["number"] for issue in issues if (issue["body"] or "").startswith(marker("drift", env))]

"""One issue per environment, open as long as Azure differs from what main says."""

from __future__ import annotations

from scripts.cli.log import log
from scripts.github.marked import Place, mark, marked, this_run


def keep(place: Place, *, env: str, text: str) -> None:
    """One open issue with this difference."""
    body = marked(
        mark("drift", env),
        f"`{env}` in Azure differs from what the settings on main make of it; seen in {this_run()}.\n\n"
        f"Either deploy `{env}`, which takes the difference back, or bring it into the settings. A deployment of main "
        f"that still waits for its approval is a difference, too.\n\n{text}",
    )
    if issues := _open(place, env):
        place.send("PATCH", f"issues/{issues[-1]}", body=body)
        log(f"{env} differs: issue #{issues[-1]} was renewed.")
        return
    made = place.send("POST", "issues", title=f"Drift: {env} is not what main says", body=body)
    log(f"{env} differs: issue #{made['number']} was opened.")


def close(place: Place, *, env: str) -> None:
    """Close what is open, with a word."""
    issues = _open(place, env)
    for number in issues:
        place.send("POST", f"issues/{number}/comments", body=f"No difference any more, as seen in {this_run()}.")
        place.send("PATCH", f"issues/{number}", state="closed", state_reason="completed")
        log(f"{env} is what main says: issue #{number} was closed.")
    if not issues:
        log(f"{env} is what main says.")


def _open(place: Place, env: str) -> list[int]:
    listed = place.listed("issues?state=open")
    return [issue["number"] for issue in listed if (issue["body"] or "").startswith(mark("drift", env))]

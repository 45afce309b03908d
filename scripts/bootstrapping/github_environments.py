"""The environments of the repository: who approves their deployments, and from which branch they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scripts.bootstrapping.github_reviewers import Reviewer, reviewers_of
from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandError, CommandLine

BRANCH = "main"
_CHOSEN_BRANCHES = {"protected_branches": False, "custom_branch_policies": True}
BY_ITSELF = frozenset({"dev"})
"""Environments that are deployed without anybody's yes."""


class RefusedByPlanError(Exception):
    """The repository's GitHub plan has no such protection."""


def set_environment(
    gh: CommandLine, steps: Steps, *, repository: str, env: str, reviewers: Sequence[Reviewer], replace: bool
) -> None:
    """Make it, with these reviewers, for deployments of main alone.

    Reviewers that it has already stay, unless `replace`: another person's bootstrap does not depose them.

    Raises:
        RefusedByPlanError: the repository cannot have this protection.
    """
    path = f"repos/{repository}/environments/{env}"
    there: dict[str, Any] | None = gh.find("api", path)
    old = reviewers_of(there or {})
    new = list(reviewers) if reviewers and (replace or not old) else old
    had = _described(old, chosen=there is not None and there["deployment_branch_policy"] == _CHOSEN_BRANCHES)
    has = _described(new, chosen=True)
    if there is not None and sorted(new) == sorted(old) and had == has:
        steps.found(f"environment {env}, {has}")
    else:
        wanted = {
            **_kept(there or {}),
            "reviewers": [reviewer.wire for reviewer in new],
            "deployment_branch_policy": _CHOSEN_BRANCHES,
        }
        _put(gh, path, wanted)
        if there is None:
            steps.created(f"environment {env}, {has}")
        else:
            steps.changed(f"environment {env}: {had} -> {has}")
    _set_branches(gh, steps, path)


def _kept(environment: dict[str, Any]) -> dict[str, object]:
    """What is none of our business, and would be lost: GitHub takes the settings as a whole."""
    rules = environment.get("protection_rules", [])
    kept: dict[str, object] = {}
    for rule in rules:
        if rule["type"] == "wait_timer":
            kept["wait_timer"] = rule["wait_timer"]
        if rule.get("prevent_self_review"):
            kept["prevent_self_review"] = True
    return kept


def _put(gh: CommandLine, path: str, wanted: dict[str, object]) -> None:
    try:
        gh.change("api", "--method", "PUT", path, "--input", "-", body=wanted)
    except CommandError as failure:
        if failure.reason == "422" and "plan" in failure.message:
            raise RefusedByPlanError(failure.message.removeprefix("gh: ")) from None
        raise


def _set_branches(gh: CommandLine, steps: Steps, path: str) -> None:
    path = f"{path}/deployment-branch-policies"
    there = (gh.find("api", path) or {"branch_policies": []})["branch_policies"]
    others = [policy for policy in there if not _is_branch(policy)]
    if len(others) < len(there):
        steps.found(f"deployments come from {BRANCH}")
    else:
        gh.change("api", "--method", "POST", path, "--input", "-", body={"name": BRANCH, "type": "branch"})
        steps.created(f"deployments come from {BRANCH}")
    for policy in others:  # its jobs could log in to Azure as this environment
        gh.change("api", "--method", "DELETE", f"{path}/{policy['id']}")
        steps.changed(f"deployments come from {policy['type']} {policy['name']} no more")


def why_unprotected(gh: CommandLine, *, repository: str, env: str, approval: bool) -> str:
    """What lets another branch than main into it, or a job without the yes that it needs; nothing if protected."""
    path = f"repos/{repository}/environments/{env}"
    there: dict[str, Any] | None = gh.find("api", path)
    if there is None:
        return "GitHub has no such environment"
    if there["deployment_branch_policy"] != _CHOSEN_BRANCHES:
        return "any branch is deployed, or any protected one"
    policies: list[dict[str, Any]] = gh.ask("api", f"{path}/deployment-branch-policies")["branch_policies"]
    if not policies:
        return "no branch is chosen"
    if others := [f"{policy['type']} {policy['name']}" for policy in policies if not _is_branch(policy)]:
        return f"deployed from {', '.join(others)}, too"
    needs_yes = approval and env not in BY_ITSELF
    return "deployed without anybody's yes" if needs_yes and not reviewers_of(there) else ""


def _is_branch(policy: dict[str, Any]) -> bool:
    """Not a tag of its name, which whoever may push can set on anything."""
    return (policy["name"], policy["type"]) == (BRANCH, "branch")


def _described(reviewers: Sequence[Reviewer], *, chosen: bool) -> str:
    names = " or ".join(sorted(reviewer.name for reviewer in reviewers))
    approval = f"approved by {names}" if names else "deployed by itself"
    return f"{approval}, from {'chosen branches' if chosen else 'any branch'}"

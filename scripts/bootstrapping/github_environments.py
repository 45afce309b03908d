"""GitHub's environments, protected before a credential in Azure trusts their jobs: reviewers and branches.

GitHub creates an environment that a workflow names and that does not exist, without any protection, for any branch:
https://docs.github.com/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scripts.bootstrapping.github_reviewers import Reviewer, reviewers_of
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandError, CommandLine
from scripts.terraform.stacks import Stack

BRANCH = "main"
WITHOUT_REVIEW = frozenset({"dev"})
"""Environments that are deployed without a reviewer's approval."""
_SELECTED_BRANCHES = {"protected_branches": False, "custom_branch_policies": True}


class RefusedByPlanError(Exception):
    """The repository's GitHub plan has no such protection."""


def protect(
    gh: CommandLine,
    progress: Progress,
    *,
    repository: str,
    stacks: Sequence[Stack],
    reviewers: Sequence[Reviewer],
    replace: bool,
) -> dict[str, str]:
    """Create and protect the environments; a message for each that stays unprotected.

    `reviewers` `replace` existing ones only on request: a second person's bootstrap does not remove the first.
    """
    refused = {}
    for stack in stacks:
        with progress.step(f"GitHub environment {stack.env}"):
            required = [] if stack.env in WITHOUT_REVIEW else reviewers
            try:
                _ensure(gh, progress, repository=repository, env=stack.env, reviewers=required, replace=replace)
            except RefusedByPlanError as refusal:
                refused[stack.env] = _refusal(stack.env, refusal, has_reviewers=bool(required))
    if gh.dry_run:
        return refused
    # Read back: GitHub may accept what it does not keep.
    unprotected = find_unprotected(gh, progress, repository=repository, stacks=stacks, approval=bool(reviewers))
    return {**unprotected, **refused}


def find_unprotected(
    gh: CommandLine, progress: Progress, *, repository: str, stacks: Sequence[Stack], approval: bool
) -> dict[str, str]:
    """A message for each environment that other branches than main may use or, with `approval`, has no reviewer."""
    messages = {}
    with progress.step("Protection of GitHub's environments"):
        for stack in stacks:
            if weakness := _weakness(gh, repository=repository, env=stack.env, approval=approval):
                progress.note(f"environment {stack.env}: {weakness}")
                messages[stack.env] = (
                    f"Environment {stack.env} is not protected ({weakness}), so it gets no credential in Azure.\n"
                    f"  To protect it and create the credential, run: scripts/bootstrap.py --env {stack.env}"
                    + ("" if approval else " --no-approval")
                )
            else:
                progress.ok(f"environment {stack.env} is protected")
    return messages


def _ensure(
    gh: CommandLine, progress: Progress, *, repository: str, env: str, reviewers: Sequence[Reviewer], replace: bool
) -> None:
    path = f"repos/{repository}/environments/{env}"
    existing: dict[str, Any] | None = gh.find("api", path)
    old = reviewers_of(existing or {})
    new = list(reviewers) if reviewers and (replace or not old) else old
    is_restricted = existing is not None and existing["deployment_branch_policy"] == _SELECTED_BRANCHES
    before, after = _described(old, is_restricted=is_restricted), _described(new, is_restricted=True)
    if existing is not None and sorted(new) == sorted(old) and before == after:
        progress.ok(f"environment {env}: {after}")
    else:
        body = {
            **_other_protection(existing or {}),
            "reviewers": [reviewer.body for reviewer in new],
            "deployment_branch_policy": _SELECTED_BRANCHES,
        }
        _put(gh, path, body)
        if existing is None:
            progress.created(f"environment {env}: {after}")
        else:
            progress.changed(f"environment {env}: {before} -> {after}")
    _ensure_branch(gh, progress, f"{path}/deployment-branch-policies")


def _other_protection(environment: dict[str, Any]) -> dict[str, object]:
    """What the bootstrap does not set and a PUT without it would reset."""
    kept: dict[str, object] = {}
    for rule in environment.get("protection_rules", []):
        if rule["type"] == "wait_timer":
            kept["wait_timer"] = rule["wait_timer"]
        if rule.get("prevent_self_review"):
            kept["prevent_self_review"] = True
    return kept


def _put(gh: CommandLine, path: str, body: dict[str, object]) -> None:
    try:
        gh.change("api", "--method", "PUT", path, "--input", "-", body=body)
    except CommandError as failure:
        if failure.reason == "422" and "plan" in failure.message:
            raise RefusedByPlanError(failure.message.removeprefix("gh: ")) from None
        raise


def _ensure_branch(gh: CommandLine, progress: Progress, path: str) -> None:
    existing = (gh.find("api", path) or {"branch_policies": []})["branch_policies"]
    others = [policy for policy in existing if not _is_main(policy)]
    if len(others) < len(existing):
        progress.ok(f"deployment branch {BRANCH}")
    else:
        gh.change("api", "--method", "POST", path, "--input", "-", body={"name": BRANCH, "type": "branch"})
        progress.created(f"deployment branch {BRANCH}")
    for policy in others:  # its jobs could log in to Azure as this environment
        gh.change("api", "--method", "DELETE", f"{path}/{policy['id']}")
        progress.deleted(f"deployment {policy['type']} {policy['name']}")


def _weakness(gh: CommandLine, *, repository: str, env: str, approval: bool) -> str:
    """Why it is not protected; empty if it is."""
    path = f"repos/{repository}/environments/{env}"
    existing: dict[str, Any] | None = gh.find("api", path)
    if existing is None:
        return "it does not exist"
    if existing["deployment_branch_policy"] != _SELECTED_BRANCHES:
        return "its deployment branches are not restricted to selected ones"
    policies: list[dict[str, Any]] = gh.query("api", f"{path}/deployment-branch-policies")["branch_policies"]
    if not policies:
        return "no deployment branch is selected"
    if others := [f"{policy['type']} {policy['name']}" for policy in policies if not _is_main(policy)]:
        return f"also deployed from {', '.join(others)}"
    needs_reviewer = approval and env not in WITHOUT_REVIEW
    return "no required reviewers" if needs_reviewer and not reviewers_of(existing) else ""


def _is_main(policy: dict[str, Any]) -> bool:
    """A tag of that name is not: whoever may push can set it on any commit."""
    return (policy["name"], policy["type"]) == (BRANCH, "branch")


def _described(reviewers: Sequence[Reviewer], *, is_restricted: bool) -> str:
    names = ", ".join(sorted(reviewer.name for reviewer in reviewers))
    return f"{f'reviewers {names}' if names else 'no reviewers'}, {'selected' if is_restricted else 'other'} branches"


def _refusal(env: str, refusal: RefusedByPlanError, *, has_reviewers: bool) -> str:
    protection = "require reviewers" if has_reviewers else "restrict deployment branches"
    alternative = f"\n  Or add --no-approval: {env} is then deployed without a reviewer." if has_reviewers else ""
    return (
        f"Environment {env} was not changed: {refusal}\n"
        f"  A private repository with this GitHub plan cannot {protection}. Make it public or change its plan, and run "
        f"this again.{alternative}\n"
        "  Until then the environment gets no credential in Azure, no variables and no secrets."
    )

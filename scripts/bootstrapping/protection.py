"""GitHub's environments are protected before a credential in Azure trusts their jobs.

GitHub makes an environment that a workflow names and that is not there, without any protection, for any branch:
https://docs.github.com/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence

from scripts.bootstrapping.github_environments import BY_ITSELF, RefusedByPlanError, set_environment, why_unprotected
from scripts.bootstrapping.github_reviewers import Reviewer, find_reviewers
from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandError, CommandLine
from scripts.terraform.stacks import Stack


def log_in(gh: CommandLine, steps: Steps) -> str:
    """Why gh cannot be used; empty when it can."""
    with steps.step("GitHub login"):
        if not gh.is_installed:
            return "gh, GitHub's command line, is not on PATH (https://cli.github.com): a checklist instead."
        try:
            me = gh.ask("api", "user")
        except CommandError as failure:
            if failure.reason == "401" or "gh auth login" in failure.message:
                return "gh is not logged in (gh auth login): a checklist instead."
            raise
        steps.found(f"you: {me['login']}")
    return ""


def reviewers(gh: CommandLine, steps: Steps, names: Sequence[str]) -> list[Reviewer]:
    """Who approves deployments, before anything is made: those who are named, else who is logged in."""
    with steps.step("Reviewers"):
        people = find_reviewers(gh, names)
        steps.found(", ".join(person.name for person in people))
    return people


def protect(
    gh: CommandLine,
    steps: Steps,
    *,
    repository: str,
    stacks: Sequence[Stack],
    reviewers: Sequence[Reviewer],
    replace: bool,
) -> dict[str, str]:
    """Make the environments and protect them; of those that stay unprotected, why and what to do.

    `reviewers` take the place of others if they shall `replace` them; none leave an environment to itself.
    """
    refused = {}
    for stack in stacks:
        with steps.step(f"GitHub environment {stack.env}"):
            approving = [] if stack.env in BY_ITSELF else reviewers
            try:
                set_environment(gh, steps, repository=repository, env=stack.env, reviewers=approving, replace=replace)
            except RefusedByPlanError as refusal:
                refused[stack.env] = _refused(stack.env, refusal, wanted=bool(approving))
    if gh.dry_run:
        return refused
    # GitHub is believed for what it has, not for what it answered to the wish.
    return {**unprotected_of(gh, steps, repository=repository, stacks=stacks, approval=bool(reviewers)), **refused}


def unprotected_of(
    gh: CommandLine, steps: Steps, *, repository: str, stacks: Sequence[Stack], approval: bool
) -> dict[str, str]:
    """Those that GitHub lets others into than main and, for `approval`, a reviewer: why, and what to do."""
    result = {}
    with steps.step("Protection of GitHub's environments"):
        for stack in stacks:
            if why := why_unprotected(gh, repository=repository, env=stack.env, approval=approval):
                steps.noted(f"environment {stack.env}: {why}")
                result[stack.env] = (
                    f"Environment {stack.env} is not protected ({why}), so it gets no credential in Azure.\n"
                    f"  To protect it and then to make the credential: scripts/bootstrap.py --env {stack.env}"
                    + ("" if approval else " --no-approval")
                )
            else:
                steps.found(f"environment {stack.env}, protected")
    return result


def not_asked(stacks: Sequence[Stack], *, again: str) -> dict[str, str]:
    """All of them, where GitHub cannot be asked and nobody has said that they are protected."""
    why = (
        "Whether GitHub's environments are protected cannot be asked, so they get no credentials in Azure:\n"
        "whoever may push a branch could use them. Make and protect the environments first, by the checklist of\n"
        f"`scripts/bootstrap.py github` or on the website; then:\n  {again}"
    )
    return {stack.env: why for stack in stacks}


def second_run(arguments: argparse.Namespace, *, prefix: str) -> str:
    """The command that makes the credentials when the environments were protected by hand."""
    words = ["python3", "scripts/bootstrap.py", "identities", "--subject-prefix", prefix, "--environments-protected"]
    for env in arguments.env or ():
        words += ["--env", env]
    if arguments.subscription:
        words += ["--subscription", arguments.subscription]
    return shlex.join(words)


def _refused(env: str, refusal: RefusedByPlanError, *, wanted: bool) -> str:
    without = f"\n  Or run it with --no-approval: {env} is then deployed without anybody's yes." if wanted else ""
    return (
        f"Environment {env} was left as it is: {refusal}\n"
        f"  GitHub's plan does not let a private repository {'require reviewers' if wanted else 'choose branches'}. "
        f"Make it public, or\n  change its plan, and run this again.{without}\n"
        "  Until then it gets no credential in Azure, no variables and no secrets."
    )

"""How GitHub's tokens name this repository, for federated credentials, which compare it letter by letter.

Repositories from before 2026-07-15 are `repo:OWNER/NAME`, later ones `repo:OWNER@ID/NAME@ID`, unless somebody chose
otherwise. https://docs.github.com/actions/reference/security/oidc#immutable-subject-claims; what GitHub's API answers
as prefix is what counts, whatever else it says: https://github.com/Azure/azure-dev/issues/9382
"""

from __future__ import annotations

import re
from typing import Any

from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError

_PREFIX = re.compile(r"repo:[\w.-]+(@\d+)?/[\w.-]+(@\d+)?")
_DEFAULT_KEYS = ["repo", "context"]


def subject_prefix(gh: CommandLine, steps: Steps, *, repository: str, given: str | None) -> str:
    """What every subject of the repository begins with: what was given, or what GitHub says."""
    if given is not None:
        return _checked(given)
    if not gh.is_installed:
        raise ScriptError(
            "gh is not on PATH, so GitHub cannot be asked how its tokens name this repository.\n"
            "Install it (https://cli.github.com), or say it:\n"
            f"  --subject-prefix repo:{repository}\n"
            "  --subject-prefix repo:OWNER@ID/NAME@ID for a repository made, renamed or moved after 2026-07-15; both "
            f"numbers are in https://api.github.com/repos/{repository} (owner.id and id)",
            code=2,
        )
    with steps.step("Subjects of GitHub's tokens"):
        template: dict[str, Any] = gh.ask("api", f"repos/{repository}/actions/oidc/customization/sub")
        _refuse_custom(template, repository=repository)
        prefix = template.get("sub_claim_prefix")
        if prefix is None:
            there = gh.ask("api", f"repos/{repository}")  # which spells the name as the tokens do
            prefix = _with_ids(there) if template.get("use_immutable_subject") else f"repo:{there['full_name']}"
        prefix = _checked(prefix)
        steps.found(f"{prefix}:...")
    return prefix


def deploy_subjects(prefix: str, envs: list[str]) -> dict[str, str]:
    """Jobs of an environment, wherever they were started from; and the nightly drift, which nobody approves."""
    return {**{env: f"{prefix}:environment:{env}" for env in envs}, "main": f"{prefix}:ref:refs/heads/main"}


def plan_subjects(prefix: str) -> dict[str, str]:
    """Pull requests of branches, which run code that nobody has reviewed."""
    return {"pull-request": f"{prefix}:pull_request"}


def _with_ids(repository: dict[str, Any]) -> str:
    owner, name = repository["full_name"].split("/")
    return f"repo:{owner}@{repository['owner']['id']}/{name}@{repository['id']}"


def _refuse_custom(template: dict[str, Any], *, repository: str) -> None:
    keys = template.get("include_claim_keys")
    if template.get("use_default") is not False or not keys or keys == _DEFAULT_KEYS:
        return
    raise ScriptError(
        f"The subjects of {repository} are made of {', '.join(keys)}: somebody customized them, for it or its "
        "organisation. This bootstrap knows GitHub's own forms only. Go back to them, if nothing else depends on it:\n"
        f"  gh api --method PUT repos/{repository}/actions/oidc/customization/sub -F use_default=true",
        code=2,
    )


def _checked(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise ScriptError(f"{prefix} is no beginning of a subject: repo:OWNER/NAME or repo:OWNER@ID/NAME@ID.", code=2)
    return prefix

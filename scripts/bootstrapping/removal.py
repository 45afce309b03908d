"""Removes what the bootstrap made for one environment: its identities with their roles, GitHub's environment.

What environments share stays: the identity that plans, and Terraform's state.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from scripts.bootstrapping import access
from scripts.bootstrapping.app_registrations import find_app, find_principals
from scripts.bootstrapping.github_variables import list_variables
from scripts.bootstrapping.progress import Progress
from scripts.bootstrapping.role_assignments import assignments_of, in_subscription_of, list_assignments
from scripts.bootstrapping.targets import Target
from scripts.cli.command_line import CommandError, CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.github.login import UnusableError, find_user
from settings.resource_ids import subscription_of


def remove_identities(progress: Progress, target: Target) -> list[str]:
    """Those of the environment, after their roles: Azure keeps the roles of a deleted principal, with an unknown name.

    Custom roles go in between: Azure deletes none that somebody has. What stays in subscriptions of others, where
    whoever runs this may have no right, is returned in words.
    """
    az, stack = target.az, target.stack
    names = (stack.deploy_identity, stack.read_identity)
    apps = {name: find_app(az, name) for name in (*names, stack.plan_identity)}
    principals = {name: find_principals(az, app["appId"]) if app else [] for name, app in apps.items()}
    for name in names:
        _remove_roles(az, progress, name, principals[name])
    stays = []
    for subscription in _others_subscriptions(target):
        theirs = replace(az, subscription=subscription)
        for name in names:
            stays += _tried(
                partial(_remove_roles, theirs, progress, name, principals[name]),
                left=f"Roles of {name} in the subscription {subscription}, which this login cannot remove: "
                + "; ".join(
                    shlex.join(["az", *assignments_of(id_), "--subscription", subscription]) for id_ in principals[name]
                ),
            )
    _remove_roles(az, progress, stack.plan_identity, principals[stack.plan_identity], within=target.group)
    for name in names:
        _remove_custom_role(az, progress, name)
    for grant in access.joining(target):
        theirs = in_subscription_of(az, grant.scope)
        stays += _tried(
            partial(_remove_custom_role, theirs, progress, grant.role),
            left=f"Custom role {grant.role} in the subscription {theirs.subscription}, which this login cannot remove.",
        )
    for name in names:
        with progress.step(f"Identity {name}"):
            if app := apps[name]:
                az.change("ad", "app", "delete", "--id", app["appId"])
                progress.deleted(f"app registration {name} ({app['appId']}), with its federated credentials")
            else:
                progress.ok("does not exist")
    return stays


def remove_from_github(
    gh: CommandLine, progress: Progress, *, repository: str, env: str, variables: Collection[str]
) -> list[str]:
    """GitHub's environment and the repository's variables of it; the commands that do this, if gh cannot."""
    environment = ("api", "--method", "DELETE", f"repos/{repository}/environments/{env}")
    deletions = {name: ("variable", "delete", name, "--repo", repository) for name in variables}
    with progress.step(f"GitHub environment {env}"):
        try:
            _require_repository(gh, repository)
            if gh.find("api", f"repos/{repository}/environments/{env}") is None:
                progress.ok(f"no environment {env}")
            else:
                gh.change(*environment)
                progress.deleted(f"environment {env}, with its variables and secrets")
            for name in sorted(list_variables(gh, repository=repository).keys() & deletions.keys()):
                gh.change(*deletions[name])
                progress.deleted(f"variable {name} of {repository}")
        except UnusableError as problem:
            progress.note(str(problem))
        except CommandError as failure:
            if failure.reason != "403":
                raise
            progress.note(f"this login may not do it: {failure.message}")
        else:
            return []
    return [shlex.join(["gh", *words]) for words in (environment, *deletions.values())]


def _require_repository(gh: CommandLine, repository: str) -> None:
    """`UnusableError` if gh does not see it: GitHub shows a private one to nobody else, and nothing that is in it."""
    find_user(gh)
    if gh.find("api", f"repos/{repository}") is None:
        raise UnusableError(f"this login does not see {repository}.")


def _others_subscriptions(target: Target) -> list[str]:
    """Those besides the environment's in which its identities have roles."""
    role_ids = dict.fromkeys(target.stack.roles, "")  # they are of interest for conditions alone
    grants = (*access.deploying(target, role_ids=role_ids), *access.reading(target))
    return sorted({subscription_of(grant.scope) for grant in grants} - {target.account.subscription_id})


def _remove_roles(
    az: CommandLine, progress: Progress, name: str, principals: Sequence[str], *, within: str = ""
) -> None:
    """All that the identity has in the subscription of `az`, or those in a resource group."""
    with progress.step(f"Roles of {name}"):
        for assignment in (each for principal in principals for each in list_assignments(az, principal)):
            if f"{assignment['scope']}/".lower().startswith(f"{within}/".lower()):
                az.change("role", "assignment", "delete", "--ids", assignment["id"])
                progress.deleted(f"{assignment['roleDefinitionName']} on {assignment['scope'].rsplit('/', 1)[1]}")


def _tried(remove: Callable[[], None], *, left: str) -> list[str]:
    """`left`, if that is refused."""
    try:
        remove()
    except ScriptError as failure:
        log(str(failure))
        return [left]
    return []


def _remove_custom_role(az: CommandLine, progress: Progress, name: str) -> None:
    with progress.step(f"Custom role {name}"):
        if az.query("role", "definition", "list", "--name", name):
            words = ("role", "definition", "delete", "--name", name, "--custom-role-only", "true")
            az.change(*words, retry_on={"RoleDefinitionHasAssignments"})
            progress.deleted(f"custom role {name}")
        else:
            progress.ok("does not exist")

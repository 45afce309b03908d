"""What is left of the time when one identity deployed every environment: docs/single-identity.md.

Nothing here removes it: it works until the workflows on main use the new identities, which a person sees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scripts.bootstrapping.access import SECRETS_WRITER
from scripts.bootstrapping.app_registrations import find_app, find_principals
from scripts.bootstrapping.federated_credentials import credentials_of_environment
from scripts.bootstrapping.github_variables import list_variables, suffix
from scripts.bootstrapping.progress import Progress
from scripts.bootstrapping.role_assignments import list_assignments
from scripts.bootstrapping.targets import Target, accounts_of
from scripts.cli.command_line import CommandLine
from scripts.terraform.stacks import Stack
from settings.naming import COMPANY

VARIABLES = ("AZURE_CLIENT_ID", "AZURE_DEPLOY_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID")
"""Of the repository; those of its environments have the same names and stay."""


def old_name(project: str) -> str:
    """The app registration that deployed every environment of the project."""
    return f"{COMPANY}-{project}-deploy"


def report_single_identity(
    az: CommandLine,
    gh: CommandLine | None,
    progress: Progress,
    *,
    targets: Sequence[Target],
    all_stacks: Sequence[Stack],
    repository: str,
) -> None:
    """Tell how to remove it, once every environment has its own identities; without `gh`, only what Azure has."""
    with progress.step("The single identity of earlier versions"):
        variables = list_variables(gh, repository=repository) if gh else {}
        old = [name for name in VARIABLES if name in variables]
        apps = _find_apps(az, targets)
        if not apps and not old:
            progress.ok("nothing is left of it")
            return
        missing = [
            stack.env
            for stack in all_stacks
            if not credentials_of_environment(az, app_name=stack.deploy_identity, env=stack.env)
            and not _is_of_another_tenant(stack, targets, variables)
        ]
        if missing:
            progress.note(f"{', '.join(missing)} may still use it: prepare each of them, too.")
            return
        commands = [
            # First: the assignments of an identity that is gone show no name.
            *(f"az role assignment delete --ids {id_}" for id_ in _find_assignments(az, targets, apps)),
            *(f"az ad app delete --id {app}" for app in apps),
            *(f"gh variable delete {name} --repo {repository}" for name in old),
        ]
        lines = "".join(f"\n    {command}" for command in commands)
        progress.note(
            "not used any more when the workflows of this version have deployed every environment. Then remove it "
            f"(docs/single-identity.md):{lines}"
        )


def _is_of_another_tenant(stack: Stack, targets: Sequence[Target], variables: Mapping[str, str]) -> bool:
    """Whether it was prepared with another login, as GitHub's variables tell."""
    tenant = variables.get(f"AZURE_TENANT_ID_{suffix(stack.env)}")
    return tenant is not None and tenant != targets[0].account.tenant_id


def _find_apps(az: CommandLine, targets: Sequence[Target]) -> list[str]:
    """By client id."""
    names = dict.fromkeys(old_name(target.stack.project) for target in targets)
    return [str(app["appId"]) for name in names if (app := find_app(az, name))]


def _find_assignments(az: CommandLine, targets: Sequence[Target], apps: Sequence[str]) -> list[str]:
    """Its roles, and what it gave to whoever ran the bootstrap: every secret of the subscription."""
    found: list[str] = []
    principals = [principal for app in apps for principal in find_principals(az, app)]
    for in_subscription, account, _ in accounts_of(targets):
        for principal in principals:
            found += [each["id"] for each in list_assignments(in_subscription, principal)]
        found += [
            each["id"]
            for each in list_assignments(in_subscription, account.caller.id)
            if each["roleDefinitionName"] == SECRETS_WRITER and each["scope"].lower() == account.scope.lower()
        ]
    return list(dict.fromkeys(found))

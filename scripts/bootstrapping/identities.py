"""The identities of the workflows: in each environment one deploys and one reads, and one plans pull requests.

They have no passwords: Azure trusts GitHub's tokens, which expire with the job.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from scripts.bootstrapping import access
from scripts.bootstrapping.app_registrations import Application, ensure_app, find_app, placeholder
from scripts.bootstrapping.custom_roles import DEPLOYING, JOINING, READING, ensure_custom_role
from scripts.bootstrapping.federated_credentials import (
    deploying_subjects,
    ensure_credentials,
    planning_subjects,
    reading_subjects,
)
from scripts.bootstrapping.progress import Progress
from scripts.bootstrapping.role_assignments import RoleAssignments, in_subscription_of
from scripts.bootstrapping.targets import Target
from scripts.bootstrapping.terraform_state import find_account
from scripts.cli.command_line import CommandError, CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack


@dataclass(frozen=True, kw_only=True)
class Identities:
    """What the workflows of an environment need to log in."""

    tenant_id: str
    subscription_id: str
    deploy_client_id: str
    read_client_id: str
    plan_client_id: str


def app_names(stack: Stack) -> tuple[str, str, str]:
    """Which app registrations the environment needs: the one that deploys, that reads, that plans (for all)."""
    return stack.deploy_identity, stack.read_identity, stack.plan_identity


def ensure_identities(
    az: CommandLine, progress: Progress, *, targets: Sequence[Target], subject_prefix: str, unprotected: Collection[str]
) -> dict[str, Identities]:
    """Create or correct them; what each environment's workflows need, by environment.

    No credential is created for the `unprotected` environments.

    Raises:
        ScriptError: there is nothing to give them roles on; nothing was changed.
    """
    _require_scopes(progress, targets)
    roles = RoleAssignments(az, progress)
    plans = _ensure_planning(az, progress, roles, targets, subject_prefix=subject_prefix)
    found: dict[str, Identities] = {}
    for target in targets:
        _ensure_custom_roles(progress, target)
        caller = target.account.caller
        deploy = ensure_app(az, progress, target.stack.deploy_identity, caller=caller)
        known = deploying_subjects(subject_prefix, target.env)
        ensure_credentials(az, progress, deploy, {} if target.env in unprotected else known, known=known)
        roles.ensure_all(deploy.principal, access.deploying(target, role_ids=_role_ids(target)))
        read = ensure_app(az, progress, target.stack.read_identity, caller=caller)
        ensure_credentials(az, progress, read, reading_subjects(subject_prefix))
        roles.ensure_all(read.principal, access.reading(target))
        plan = plans[target.stack.plan_identity]
        found[target.env] = _identities(target, deploy=deploy.client_id, read=read.client_id, plan=plan.client_id)
    return found


def _ensure_planning(
    az: CommandLine, progress: Progress, roles: RoleAssignments, targets: Sequence[Target], *, subject_prefix: str
) -> dict[str, Application]:
    """The identities that plan pull requests, by name: one, unless the environments have several projects."""
    plans: dict[str, Application] = {}
    for name in dict.fromkeys(target.stack.plan_identity for target in targets):
        plans[name] = ensure_app(az, progress, name, caller=targets[0].account.caller)
        ensure_credentials(az, progress, plans[name], planning_subjects(subject_prefix))
        sharing = [target for target in targets if target.stack.plan_identity == name]
        grants = [grant for target in sharing for grant in access.planning(target)]
        roles.ensure_all(plans[name].principal, grants, is_shared=True)
    return plans


def _ensure_custom_roles(progress: Progress, target: Target) -> None:
    """What they may do besides built-in roles. Without a workspace to make, the one that deploys needs none."""
    needed: dict[str, Sequence[str]] = {target.stack.read_identity: READING}
    if access.lists_deleted_workspaces(target):
        needed[target.stack.deploy_identity] = DEPLOYING
    for name, actions in needed.items():
        ensure_custom_role(target.az, progress, name=name, actions=actions, scope=target.account.scope)
    for grant in access.joining(target):
        theirs = in_subscription_of(target.az, grant.scope)
        scope = f"/subscriptions/{theirs.subscription}"
        ensure_custom_role(theirs, progress, name=grant.role, actions=JOINING, scope=scope)


def find_identities(az: CommandLine, progress: Progress, *, targets: Sequence[Target]) -> dict[str, Identities]:
    """Those that an earlier run created, by environment.

    Raises:
        ScriptError: one is missing, or its environment is in another subscription.
    """
    ids: dict[str, str] = {}
    with progress.step("Identities"):
        for name in dict.fromkeys(name for target in targets for name in app_names(target.stack)):
            app = find_app(az, name)
            if app is None and not az.dry_run:
                raise ScriptError(
                    f"The app registration {name} does not exist. Run `scripts/bootstrap.py identities` first."
                )
            ids[name] = str(app["appId"]) if app else placeholder(name)
            progress.ok(f"{name} ({ids[name]})")
    found = {}
    for target in targets:
        _require_group(progress, target)
        deploy, read, plan = (ids[name] for name in app_names(target.stack))
        found[target.env] = _identities(target, deploy=deploy, read=read, plan=plan)
    return found


def _require_scopes(progress: Progress, targets: Sequence[Target]) -> None:
    """The resource groups and the states."""
    with progress.step("Resource groups and Terraform state for the identities"):
        for target in targets:
            az, stack = target.az, target.stack
            account, group = stack.backend.storage_account_name, stack.resource_group
            found = az.find("group", "show", "--name", group)
            _require(progress, f"resource group {group}", part="group", is_there=found is not None or az.dry_run)
            found = find_account(az, stack.backend)
            _require(progress, f"storage account {account}", part="state", is_there=found is not None or az.dry_run)


def _require_group(progress: Progress, target: Target) -> None:
    """Or GitHub's variables would lead the workflows into a subscription in which their identities have no right."""
    az, group, account = target.az, target.stack.resource_group, target.account
    with progress.step(f"Resource group of {target.env}"):
        try:
            found = az.find("group", "show", "--name", group)
        except CommandError:
            progress.note(f"this login may not read {group}; continuing.")
            return
        if found is None and not az.dry_run:
            raise ScriptError(
                f"The resource group {group} does not exist in {account.subscription_name} "
                f"({account.subscription_id}). If {target.env} is in another subscription, select it: --subscription, "
                "or subscription_id in the settings. Else run `scripts/bootstrap.py group` first."
            )
        progress.ok(f"resource group {group}")


def _require(progress: Progress, what: str, *, part: str, is_there: bool) -> None:
    if not is_there:
        raise ScriptError(f"The {what} does not exist. Run `scripts/bootstrap.py {part}` first.")
    progress.ok(what)


def _identities(target: Target, *, deploy: str, read: str, plan: str) -> Identities:
    return Identities(
        tenant_id=target.account.tenant_id,
        subscription_id=target.account.subscription_id,
        deploy_client_id=deploy,
        read_client_id=read,
        plan_client_id=plan,
    )


def _role_ids(target: Target) -> dict[str, str]:
    return {role: _role_id(target.az, role) for role in sorted(target.stack.roles)}


def _role_id(az: CommandLine, role: str) -> str:
    found = az.query("role", "definition", "list", "--name", role)
    if not found:
        raise ScriptError(f"Azure has no role {role}, which a stack assigns.")
    return str(found[0]["name"])

"""The two identities of the workflows: one plans and cannot read secrets, one deploys.

They have no passwords: Azure trusts GitHub's tokens, which expire with the job.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from scripts.bootstrapping.account import Account
from scripts.bootstrapping.app_registrations import Application, ensure_app, find_app, placeholder
from scripts.bootstrapping.federated_credentials import deploy_subjects, ensure_credentials, plan_subjects
from scripts.bootstrapping.progress import Progress
from scripts.bootstrapping.role_assignments import (
    ROLE_ADMINISTRATOR,
    SECRETS_WRITER,
    STATE_READER,
    STATE_WRITER,
    RoleAssignments,
    delegation_condition,
)
from scripts.bootstrapping.terraform_state import find_account, state_scope
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack
from settings.naming import COMPANY


@dataclass(frozen=True, kw_only=True)
class IdentityNames:
    """The display names of the app registrations."""

    plan: str
    deploy: str


@dataclass(frozen=True, kw_only=True)
class Identities:
    """What the workflows need to log in."""

    tenant_id: str
    subscription_id: str
    plan_client_id: str
    deploy_client_id: str


def identity_names(stacks: Iterable[Stack]) -> IdentityNames:
    """The same for all environments.

    Raises:
        ScriptError: the environments do not have the same project.
    """
    projects = sorted({stack.project for stack in stacks})
    if len(projects) != 1:
        raise ScriptError(
            f"The environments have several projects ({', '.join(projects)}). Give all the same `projname`.", code=2
        )
    return names_of(projects[0])


def names_of(project: str) -> IdentityNames:
    """Those of a project, which is part of every name."""
    return IdentityNames(plan=f"{COMPANY}-{project}-plan", deploy=f"{COMPANY}-{project}-deploy")


def ensure_identities(
    az: CommandLine,
    progress: Progress,
    *,
    account: Account,
    stacks: Sequence[Stack],
    all_stacks: Sequence[Stack],
    names: IdentityNames,
    subject_prefix: str,
    unprotected: Collection[str],
) -> Identities:
    """Create or correct them for `stacks`. The deploy identity may assign the roles of `all_stacks`.

    No credential is created for the `unprotected` environments.

    Raises:
        ScriptError: there is no state to give them roles on; nothing was changed.
    """
    _require_state(az, progress, stacks)
    plan = ensure_app(az, progress, names.plan)
    deploy = ensure_app(az, progress, names.deploy)
    ensure_credentials(az, progress, plan, plan_subjects(subject_prefix))
    ensure_credentials(
        az,
        progress,
        deploy,
        deploy_subjects(subject_prefix, [stack.env for stack in stacks if stack.env not in unprotected]),
        known=deploy_subjects(subject_prefix, [stack.env for stack in all_stacks]),
    )
    roles = RoleAssignments(az, progress)
    with progress.step(f"Roles of {plan.name}"):
        roles.ensure(plan.principal, "Reader", scope=account.scope)
        _assign_on_states(roles, plan, STATE_READER, account=account, stacks=stacks)
    with progress.step(f"Roles of {deploy.name}"):
        for role in ("Contributor", SECRETS_WRITER):
            roles.ensure(deploy.principal, role, scope=account.scope)
        roles.ensure(deploy.principal, ROLE_ADMINISTRATOR, scope=account.scope, condition=_condition(az, all_stacks))
        _assign_on_states(roles, deploy, STATE_WRITER, account=account, stacks=stacks)
    return _identities(account, plan=plan.client_id, deploy=deploy.client_id)


def find_identities(az: CommandLine, progress: Progress, *, account: Account, names: IdentityNames) -> Identities:
    """Those that an earlier run created.

    Raises:
        ScriptError: there are none.
    """
    with progress.step("Identities"):
        apps = {name: find_app(az, name) for name in (names.plan, names.deploy)}
        missing = [name for name, app in apps.items() if app is None]
        if missing and not az.dry_run:
            raise ScriptError(
                f"The app registration {missing[0]} does not exist. Run `scripts/bootstrap.py identities` first."
            )
        ids = {name: str(app["appId"]) if app else placeholder(name) for name, app in apps.items()}
        progress.ok(", ".join(f"{name} ({id_})" for name, id_ in ids.items()))
    return _identities(account, plan=ids[names.plan], deploy=ids[names.deploy])


def _require_state(az: CommandLine, progress: Progress, stacks: Sequence[Stack]) -> None:
    with progress.step("Terraform state for the identities"):
        for backend in dict.fromkeys(stack.backend for stack in stacks):
            name = backend.storage_account_name
            if find_account(az, backend):
                progress.ok(f"storage account {name}")
            elif not az.dry_run:
                raise ScriptError(f"The storage account {name} does not exist. Run `scripts/bootstrap.py state` first.")


def _identities(account: Account, *, plan: str, deploy: str) -> Identities:
    return Identities(
        tenant_id=account.tenant_id,
        subscription_id=account.subscription_id,
        plan_client_id=plan,
        deploy_client_id=deploy,
    )


def _assign_on_states(
    roles: RoleAssignments, app: Application, role: str, *, account: Account, stacks: Sequence[Stack]
) -> None:
    for scope in dict.fromkeys(state_scope(account, stack.backend) for stack in stacks):
        roles.ensure(app.principal, role, scope=scope)


def _condition(az: CommandLine, stacks: Sequence[Stack]) -> str:
    return delegation_condition(
        [_role_id(az, role) for role in sorted({role for stack in stacks for role in stack.roles})]
    )


def _role_id(az: CommandLine, role: str) -> str:
    found = az.query("role", "definition", "list", "--name", role)
    if not found:
        raise ScriptError(f"Azure has no role {role}, which a stack assigns.")
    return str(found[0]["name"])

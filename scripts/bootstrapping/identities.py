"""The pipeline's two identities: one that plans, and reads no secret; one that deploys.

No secret belongs to either: GitHub's tokens are exchanged for Azure's, and last as long as a job.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from scripts.bootstrapping.account import Account
from scripts.bootstrapping.applications import Application, ensure_application, find_application
from scripts.bootstrapping.assignments import Assignments, only_roles
from scripts.bootstrapping.credentials import ensure_credentials
from scripts.bootstrapping.names import Names
from scripts.bootstrapping.state import WRITES_SECRETS, WRITES_STATE, account_scope
from scripts.bootstrapping.steps import Steps
from scripts.bootstrapping.storage_account import find_account
from scripts.bootstrapping.subjects import deploy_subjects, plan_subjects
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack

READS_STATE = "Storage Blob Data Reader"
ASSIGNS_ROLES = "Role Based Access Control Administrator"


@dataclass(frozen=True, kw_only=True)
class Identities:
    """What GitHub is told of them."""

    tenant_id: str
    subscription_id: str
    plan_client_id: str
    deploy_client_id: str


def identities(
    az: CommandLine,
    steps: Steps,
    *,
    account: Account,
    stacks: Sequence[Stack],
    everything: Sequence[Stack],
    names: Names,
    prefix: str,
    unprotected: Collection[str],
) -> Identities:
    """Make or mend them for the environments of `stacks`; what the deploy identity may assign is of `everything`.

    Of the environments that are `unprotected` none is trusted.

    Raises:
        ScriptError: there is no state yet, on which they get roles; nothing is made.
    """
    _require_states(az, steps, stacks)
    plan = ensure_application(az, steps, names.plan)
    deploy = ensure_application(az, steps, names.deploy)
    ensure_credentials(az, steps, plan, plan_subjects(prefix))
    protected = [stack.env for stack in stacks if stack.env not in unprotected]
    wanted, known = deploy_subjects(prefix, protected), deploy_subjects(prefix, [stack.env for stack in everything])
    ensure_credentials(az, steps, deploy, wanted, known=known)

    roles = Assignments(az, steps)
    with steps.step(f"Roles of {plan.name}"):
        roles.ensure(plan.principal, "Reader", scope=account.scope)
        _on_states(roles, plan, READS_STATE, account=account, stacks=stacks)
    with steps.step(f"Roles of {deploy.name}"):
        for role in ("Contributor", WRITES_SECRETS):
            roles.ensure(deploy.principal, role, scope=account.scope)
        roles.ensure(deploy.principal, ASSIGNS_ROLES, scope=account.scope, condition=_condition(az, everything))
        _on_states(roles, deploy, WRITES_STATE, account=account, stacks=stacks)
    return _identities(account, plan=plan.client_id, deploy=deploy.client_id)


def _require_states(az: CommandLine, steps: Steps, stacks: Sequence[Stack]) -> None:
    with steps.step("State that the identities get roles on"):
        for backend in dict.fromkeys(stack.backend for stack in stacks):
            name = backend.storage_account_name
            if find_account(az, backend):
                steps.found(f"storage account {name}")
            elif not az.dry_run:
                raise ScriptError(f"There is no storage account {name} yet: run `scripts/bootstrap.py state` first.")


def find_identities(az: CommandLine, steps: Steps, *, account: Account, names: Names) -> Identities:
    """Those that an earlier run made."""
    with steps.step("Identities"):
        apps = {name: find_application(az, name) for name in (names.plan, names.deploy)}
        absent = [name for name, app in apps.items() if app is None]
        if absent and not az.dry_run:
            raise ScriptError(
                f"There is no app registration {absent[0]} yet: run `scripts/bootstrap.py identities` first."
            )
        ids = {name: str(app["appId"]) if app else f"<client id of {name}>" for name, app in apps.items()}
        steps.found(", ".join(f"{name} ({id_})" for name, id_ in ids.items()))
    return _identities(account, plan=ids[names.plan], deploy=ids[names.deploy])


def _identities(account: Account, *, plan: str, deploy: str) -> Identities:
    return Identities(
        tenant_id=account.tenant_id,
        subscription_id=account.subscription_id,
        plan_client_id=plan,
        deploy_client_id=deploy,
    )


def _on_states(roles: Assignments, who: Application, role: str, *, account: Account, stacks: Sequence[Stack]) -> None:
    for scope in dict.fromkeys(account_scope(account, stack.backend) for stack in stacks):
        roles.ensure(who.principal, role, scope=scope)


def _condition(az: CommandLine, stacks: Sequence[Stack]) -> str:
    assigned = sorted({role for stack in stacks for role in stack.roles})
    return only_roles([_guid(az, role) for role in assigned])


def _guid(az: CommandLine, role: str) -> str:
    found = az.ask("role", "definition", "list", "--name", role)
    if not found:
        raise ScriptError(f"Azure knows no role {role}, which a stack assigns.")
    return str(found[0]["name"])

"""Where each environment is prepared: in the subscription that its settings name, else in the given or the default one.

One login of az reaches one directory (`az ad` has no option for it), so environments of other tenants are left to
another run, after another login.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from scripts.bootstrapping.account import (
    Account,
    check_subscription,
    check_variables,
    find_caller,
    find_subscription,
    log_account,
)
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack


@dataclass(frozen=True, kw_only=True)
class Target:
    """An environment and its subscription."""

    stack: Stack
    account: Account
    az: CommandLine
    """For commands in that subscription."""

    @property
    def env(self) -> str:
        """The environment's name."""
        return self.stack.env

    @property
    def group(self) -> str:
        """The id of the environment's resource group."""
        return f"{self.account.scope}/resourceGroups/{self.stack.resource_group}"

    @property
    def state(self) -> str:
        """The id of the storage account of its Terraform state."""
        backend = self.stack.backend
        return (
            f"{self.account.scope}/resourceGroups/{backend.resource_group_name}"
            f"/providers/Microsoft.Storage/storageAccounts/{backend.storage_account_name}"
        )


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """An environment of another tenant than that of the login."""

    env: str
    tenant_id: str


def find_targets(
    az: CommandLine,
    progress: Progress,
    *,
    default: dict[str, Any],
    stacks: Sequence[Stack],
    subscription: str | None,
) -> tuple[tuple[Target, ...], tuple[Elsewhere, ...]]:
    """The environments that this login can prepare, and the others.

    `default` is what az says of its default subscription. `subscription` is of environments whose settings name none.

    Raises:
        ScriptError: the login or a subscription cannot be used, or no environment is in the login's tenant.
    """
    targets: list[Target] = []
    elsewhere: list[Elsewhere] = []
    with progress.step("Subscriptions"):
        caller = None
        accounts: dict[str, Account] = {}
        for stack in stacks:
            if stack.tenant_id and stack.tenant_id.lower() != default["tenantId"].lower():
                elsewhere.append(Elsewhere(env=stack.env, tenant_id=stack.tenant_id))
                continue
            selected = _select(az, stack, default=default, given=subscription)
            if selected["tenantId"].lower() != default["tenantId"].lower():
                elsewhere.append(Elsewhere(env=stack.env, tenant_id=selected["tenantId"]))
                continue
            check_subscription(selected)
            if not stack.subscription_id:
                check_variables(selected)
            id_ = str(selected["id"])
            if id_ not in accounts:
                caller = caller or find_caller(az, selected["user"])
                accounts[id_] = Account.of(selected, caller=caller)
                log_account(progress, accounts[id_], tenant=selected.get("tenantDisplayName"))
            targets.append(Target(stack=stack, account=accounts[id_], az=replace(az, subscription=id_)))
        for each in elsewhere:
            progress.note(f"{each.env} is in the tenant {each.tenant_id}, to which az is not logged in.")
    if not targets:
        raise ScriptError(other_logins(elsewhere), code=2)
    return tuple(targets), tuple(elsewhere)


def accounts_of(targets: Sequence[Target]) -> list[tuple[CommandLine, Account, list[Stack]]]:
    """Each subscription once, with its environments."""
    found: dict[str, tuple[CommandLine, Account, list[Stack]]] = {}
    for target in targets:
        _, _, stacks = found.setdefault(target.account.subscription_id, (target.az, target.account, []))
        stacks.append(target.stack)
    return list(found.values())


def other_logins(elsewhere: Sequence[Elsewhere]) -> str:
    """What to do about environments of other tenants: a login and a run for each tenant."""
    by_tenant: dict[str, list[str]] = {}
    for each in elsewhere:
        by_tenant.setdefault(each.tenant_id, []).append(each.env)
    lines = []
    for tenant, envs in by_tenant.items():
        options = "".join(f" --env {env}" for env in envs)
        lines.append(
            f"{', '.join(envs)}: in another tenant, and not prepared. Log in there, and run this again:\n"
            f"  az login --tenant {tenant}\n"
            f"  python3 scripts/bootstrap.py{options}"
        )
    return "\n".join(lines)


def _select(az: CommandLine, stack: Stack, *, default: dict[str, Any], given: str | None) -> dict[str, Any]:
    """The subscription of the settings, of the command line, or the default one."""
    if not stack.subscription_id:
        return find_subscription(az, given, named_by=f"--subscription {given}") if given else default
    file = f"settings/environments/{stack.env}.toml"
    selected = find_subscription(az, stack.subscription_id, named_by=f"{file}, subscription_id")
    if given and given.lower() not in {selected["id"].lower(), selected["name"].lower()}:
        raise ScriptError(
            f"--subscription {given}: {file} names {selected['name']} ({selected['id']}). Leave the option out, or "
            "select other environments with --env.",
            code=2,
        )
    if stack.tenant_id and selected["tenantId"].lower() != stack.tenant_id.lower():
        raise ScriptError(
            f"{file}: subscription_id {stack.subscription_id} is in the tenant {selected['tenantId']}, and "
            f"tenant_id is {stack.tenant_id}. Correct one of them.",
            code=2,
        )
    return selected

"""Who is logged in to Azure, and the subscription and tenant to prepare."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandError, CommandLine
from scripts.cli.error_handling import ScriptError

PrincipalType = Literal["User", "ServicePrincipal"]


@dataclass(frozen=True, kw_only=True)
class Principal:
    """A user or service principal, which can have roles."""

    id: str
    type: PrincipalType
    name: str
    is_new: bool = False
    """Created by this run, so it has no role yet."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """The subscription to prepare, and the caller."""

    subscription_id: str
    subscription_name: str
    tenant_id: str
    caller: Principal

    @property
    def scope(self) -> str:
        """The subscription as the scope of a role assignment."""
        return f"/subscriptions/{self.subscription_id}"


def sign_in(az: CommandLine, progress: Progress, *, subscription: str | None) -> Account:
    """The account of the login, checked; later commands of `az` use its subscription.

    Raises:
        ScriptError: the login or the subscription cannot be used.
    """
    with progress.step("Azure login"):
        default = _default(az)
        selected = _select(az, subscription) if subscription else default
        _check(selected, default=default)
        az.subscription = selected["id"]
        account = Account(
            subscription_id=selected["id"],
            subscription_name=selected["name"],
            tenant_id=selected["tenantId"],
            caller=_caller(az, selected["user"]),
        )
        tenant = selected.get("tenantDisplayName")
        progress.ok(f"subscription {account.subscription_name} ({account.subscription_id})")
        progress.ok(f"tenant {f'{tenant} ({account.tenant_id})' if tenant else account.tenant_id}")
        progress.ok(f"logged in as {account.caller.name} ({account.caller.id})")
    return account


def _default(az: CommandLine) -> dict[str, Any]:
    try:
        account: dict[str, Any] = az.query("account", "show")
    except CommandError as failure:
        if "az login" not in failure.message:
            raise
        raise ScriptError("az is not logged in. Run: az login", code=2) from None
    return account


def _select(az: CommandLine, subscription: str) -> dict[str, Any]:
    visible: list[dict[str, Any]] = az.query("account", "list", "--all")
    for account in visible:
        if subscription.lower() in {account["id"].lower(), account["name"].lower()}:
            selected: dict[str, Any] = az.query("account", "show", "--subscription", account["id"])
            return selected
    names = "\n".join(f"  {account['name']} ({account['id']})" for account in visible)
    raise ScriptError(
        f"--subscription {subscription}: this login has no such subscription. It has:\n{names}\n"
        "For a subscription of another tenant, run: az login --tenant TENANT",
        code=2,
    )


def _check(selected: dict[str, Any], *, default: dict[str, Any]) -> None:
    subscription = f"{selected['name']} ({selected['id']})"
    if selected["id"] == selected["tenantId"]:  # az calls it a tenant level account
        raise ScriptError("This login has no subscription in its tenant. Run: az login --tenant TENANT", code=2)
    if (cloud := selected["environmentName"]) != "AzureCloud":
        raise ScriptError(
            f"az uses the cloud {cloud}; the stacks need AzureCloud. Run: az cloud set --name AzureCloud", code=2
        )
    if selected["state"] != "Enabled":
        raise ScriptError(
            f"Subscription {subscription} is {selected['state']}. Check its billing, or select another one.", code=2
        )
    if selected["tenantId"] != default["tenantId"]:  # `az ad` has no --subscription and uses the default one
        raise ScriptError(
            f"Subscription {subscription} is in another tenant than az's default subscription, {default['name']}.\n"
            f"Run: az account set --subscription {selected['id']}",
            code=2,
        )
    for variable, expected in (("ARM_SUBSCRIPTION_ID", selected["id"]), ("ARM_TENANT_ID", selected["tenantId"])):
        if (value := os.environ.get(variable)) and value.lower() != expected.lower():
            raise ScriptError(
                f"{variable} is {value}, and az uses {expected}: Terraform would deploy elsewhere.\n"
                "Correct the variable, or select the other one: --subscription, az account set, az login --tenant.",
                code=2,
            )


def _caller(az: CommandLine, user: dict[str, Any]) -> Principal:
    if user["type"] == "user":
        caller = az.query("ad", "signed-in-user", "show")
        return Principal(id=caller["id"], type="User", name=user["name"])
    caller = az.query("ad", "sp", "show", "--id", user["name"])
    return Principal(id=caller["id"], type="ServicePrincipal", name=caller["displayName"])

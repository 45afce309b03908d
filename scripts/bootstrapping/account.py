"""Who is logged in, and to which subscription of which tenant."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandError, CommandLine
from scripts.cli.error_handling import ScriptError

PrincipalType = Literal["User", "ServicePrincipal"]


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Somebody who can hold roles."""

    id: str
    type: PrincipalType
    name: str
    is_new: bool = False
    """Just made: nobody can have given it a role."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """The subscription that is prepared, and the caller."""

    subscription_id: str
    subscription_name: str
    tenant_id: str
    caller: Principal

    @property
    def scope(self) -> str:
        """The subscription's, for roles."""
        return f"/subscriptions/{self.subscription_id}"


def sign_in(az: CommandLine, steps: Steps, *, subscription: str | None) -> Account:
    """The account that `az` is logged in to; `ScriptError` says what is wrong with it. `az` stays there."""
    with steps.step("Azure login"):
        default = _default(az)
        chosen = _chosen(az, subscription) if subscription else default
        _check(chosen, default=default)
        az.subscription = chosen["id"]
        account = Account(
            subscription_id=chosen["id"],
            subscription_name=chosen["name"],
            tenant_id=chosen["tenantId"],
            caller=_caller(az, chosen["user"]),
        )
        tenant = chosen.get("tenantDisplayName")
        steps.found(f"subscription {account.subscription_name} ({account.subscription_id})")
        steps.found(f"tenant {f'{tenant} ({account.tenant_id})' if tenant else account.tenant_id}")
        steps.found(f"you: {account.caller.name} ({account.caller.id})")
    return account


def _default(az: CommandLine) -> dict[str, Any]:
    try:
        account: dict[str, Any] = az.ask("account", "show")
    except CommandError as failure:
        if "az login" not in failure.message:
            raise
        raise ScriptError("az is not logged in. Run: az login", code=2) from None
    return account


def _chosen(az: CommandLine, subscription: str) -> dict[str, Any]:
    seen: list[dict[str, Any]] = az.ask("account", "list", "--all")
    for account in seen:
        if subscription.lower() in {account["id"].lower(), account["name"].lower()}:
            shown: dict[str, Any] = az.ask("account", "show", "--subscription", account["id"])
            return shown
    names = "\n".join(f"  {account['name']} ({account['id']})" for account in seen)
    raise ScriptError(
        f"--subscription {subscription}: this login does not see it. It sees\n{names}\n"
        "Is it in another tenant? az login --tenant TENANT",
        code=2,
    )


def _check(chosen: dict[str, Any], *, default: dict[str, Any]) -> None:
    where = f"{chosen['name']} ({chosen['id']})"
    if chosen["id"] == chosen["tenantId"]:  # what az calls a tenant level account
        raise ScriptError("This login has a tenant and no subscription. Run: az login --tenant TENANT", code=2)
    if chosen["environmentName"] != "AzureCloud":
        raise ScriptError(
            f"The stacks are for AzureCloud, and az is at {chosen['environmentName']}: az cloud set", code=2
        )
    if chosen["state"] != "Enabled":
        raise ScriptError(
            f"The subscription {where} is {chosen['state']}. See to its billing, or choose another.", code=2
        )
    if chosen["tenantId"] != default["tenantId"]:  # `az ad` goes by the default subscription, whatever is asked for
        raise ScriptError(
            f"The subscription {where} belongs to another tenant than az's default one, {default['name']}.\n"
            f"Run: az account set --subscription {chosen['id']}",
            code=2,
        )
    for variable, mine in (("ARM_SUBSCRIPTION_ID", chosen["id"]), ("ARM_TENANT_ID", chosen["tenantId"])):
        if (said := os.environ.get(variable)) and said.lower() != mine.lower():
            raise ScriptError(
                f"az is at {mine} and {variable} says {said}: Terraform would deploy elsewhere.\n"
                "Mend the variable, or choose the other one: --subscription, az account set, az login --tenant.",
                code=2,
            )


def _caller(az: CommandLine, user: dict[str, Any]) -> Principal:
    if user["type"] == "user":
        me = az.ask("ad", "signed-in-user", "show")
        return Principal(id=me["id"], type="User", name=user["name"])
    me = az.ask("ad", "sp", "show", "--id", user["name"])
    return Principal(id=me["id"], type="ServicePrincipal", name=me["displayName"])

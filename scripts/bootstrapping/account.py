"""Who is logged in to Azure, and the subscription and tenant to prepare."""

from __future__ import annotations

import os
from collections.abc import Mapping
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

    @classmethod
    def of(cls, shown: Mapping[str, Any], *, caller: Principal) -> Account:
        """What `az account show` says of a subscription, with the caller."""
        return cls(
            subscription_id=shown["id"],
            subscription_name=shown["name"],
            tenant_id=shown["tenantId"],
            caller=caller,
        )

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
        default = default_account(az)
        given = f"--subscription {subscription}"
        selected = find_subscription(az, subscription, named_by=given) if subscription else default
        check_subscription(selected)
        if selected["tenantId"] != default["tenantId"]:  # `az ad` has no --subscription and uses the default one
            raise ScriptError(
                f"Subscription {_described(selected)} is in another tenant than az's default subscription, "
                f"{default['name']}.\nRun: az login --tenant {selected['tenantId']}",
                code=2,
            )
        check_variables(selected)
        az.subscription = selected["id"]
        account = Account.of(selected, caller=find_caller(az, selected["user"]))
        log_account(progress, account, tenant=selected.get("tenantDisplayName"))
    return account


def default_account(az: CommandLine) -> dict[str, Any]:
    """What `az account show` says of az's default subscription.

    Raises:
        ScriptError: nobody is logged in.
    """
    try:
        account: dict[str, Any] = az.query("account", "show")
    except CommandError as failure:
        if "az login" not in failure.message:
            raise
        raise ScriptError("az is not logged in. Run: az login", code=2) from None
    return account


def find_subscription(az: CommandLine, subscription: str, *, named_by: str) -> dict[str, Any]:
    """The same of the one with this id or name.

    Raises:
        ScriptError: the login does not see it, or several have that name; `named_by` says where it was named.
    """
    visible: list[dict[str, Any]] = az.query("account", "list", "--all")
    ids = [each["id"] for each in visible if subscription.lower() in {each["id"].lower(), each["name"].lower()}]
    if len(ids) > 1:
        raise ScriptError(
            f"{named_by}: this login has {len(ids)} subscriptions of that name: {', '.join(ids)}. Give an id.", code=2
        )
    if ids:
        selected: dict[str, Any] = az.query("account", "show", "--subscription", ids[0])
        return selected
    names = "\n".join(f"  {account['name']} ({account['id']})" for account in visible)
    raise ScriptError(
        f"{named_by}: this login has no such subscription. It has:\n{names}\n"
        "For a subscription of another tenant, run: az login --tenant TENANT",
        code=2,
    )


def check_subscription(selected: Mapping[str, Any]) -> None:
    """Refuse one that cannot be deployed to."""
    if selected["id"] == selected["tenantId"]:  # az calls it a tenant level account
        raise ScriptError("This login has no subscription in its tenant. Run: az login --tenant TENANT", code=2)
    if (cloud := selected["environmentName"]) != "AzureCloud":
        raise ScriptError(
            f"az uses the cloud {cloud}; the stacks need AzureCloud. Run: az cloud set --name AzureCloud", code=2
        )
    if selected["state"] != "Enabled":
        raise ScriptError(
            f"Subscription {_described(selected)} is {selected['state']}. Check its billing, or select another one.",
            code=2,
        )


def check_variables(selected: Mapping[str, Any]) -> None:
    """Refuse variables of Terraform that name another subscription or tenant, where the settings name none."""
    for variable, expected in (("ARM_SUBSCRIPTION_ID", selected["id"]), ("ARM_TENANT_ID", selected["tenantId"])):
        if (value := os.environ.get(variable)) and value.lower() != expected.lower():
            raise ScriptError(
                f"{variable} is {value}, and az uses {expected}: Terraform would deploy elsewhere.\n"
                "Correct the variable, or select the other one: --subscription, az account set, az login --tenant.",
                code=2,
            )


def find_caller(az: CommandLine, user: Mapping[str, Any]) -> Principal:
    """Who is logged in."""
    if user["type"] == "user":
        caller = az.query("ad", "signed-in-user", "show")
        return Principal(id=caller["id"], type="User", name=user["name"])
    caller = az.query("ad", "sp", "show", "--id", user["name"])
    return Principal(id=caller["id"], type="ServicePrincipal", name=caller["displayName"])


def log_account(progress: Progress, account: Account, *, tenant: str | None) -> None:
    """Print it; `tenant` is the tenant's name."""
    progress.ok(f"subscription {account.subscription_name} ({account.subscription_id})")
    progress.ok(f"tenant {f'{tenant} ({account.tenant_id})' if tenant else account.tenant_id}")
    progress.ok(f"logged in as {account.caller.name} ({account.caller.id})")


def _described(account: Mapping[str, Any]) -> str:
    return f"{account['name']} ({account['id']})"

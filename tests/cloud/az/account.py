"""`az account`."""

from __future__ import annotations

import time

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import Json, command


@command("account show")
def show(azure: Azure) -> Json:
    """The subscription in use, or the one that is named."""
    return _shown(azure, azure.subscription)


@command("account list")
def list_(azure: Azure, *, all: bool = False) -> list[Json]:
    """Those that the login sees; without `--all` the enabled ones."""
    return [_listed(azure, each) for each in azure["subscriptions"] if all or each["state"] == "Enabled"]


@command("account get-access-token")
def get_access_token(azure: Azure, *, resource: str = "", scope: str = "") -> Json:
    """One that nothing here asks for again; it tells what it is for, and lives for an hour."""
    return {
        "accessToken": f"token-for-{resource or scope}",
        "expires_on": int(time.time()) + 3600,
        "subscription": azure.subscription["id"],
        "tokenType": "Bearer",
    }


@command("account set", changes=True)
def set_(azure: Azure) -> None:
    """Make the one that is named the default."""
    azure.data["default"] = azure.subscription["id"]


@command("login", changes=True)
def login(azure: Azure, *, tenant: str | None = None) -> list[Json]:
    """Without a browser, and without asking who; one of the tenant's subscriptions becomes the default one."""
    azure.data["logged_in"] = True
    there = [each for each in azure["subscriptions"] if tenant in {None, each["tenantId"]}]
    if azure["default"] not in {each["id"] for each in there}:
        azure.data["default"] = there[0]["id"]
    return [_listed(azure, each) for each in there]


def _listed(azure: Azure, subscription: Json) -> Json:
    """A list has another name for the cloud."""
    shown = _shown(azure, subscription)
    return {**shown, "cloudName": shown.pop("environmentName")}


def _shown(azure: Azure, subscription: Json) -> Json:
    return {
        **{name: value for name, value in subscription.items() if name != "providers"},
        "environmentName": "AzureCloud",
        "homeTenantId": subscription["tenantId"],
        "isDefault": subscription["id"] == azure["default"],
        "user": azure["user"],
    }

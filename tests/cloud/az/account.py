"""`az account`."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import AzError, Json, command


@command("account show")
def show(azure: Azure) -> Json:
    """The subscription in use, or the one that is named."""
    return _shown(azure, azure.subscription)


@command("account list")
def list_(azure: Azure, *, all: bool = False) -> list[Json]:  # noqa: A002
    """Those that the login sees; without `--all` the enabled ones."""
    return [_shown(azure, each) for each in azure["subscriptions"] if all or each["state"] == "Enabled"]


@command("account list-locations")
def list_locations(azure: Azure) -> list[Json]:
    """Regions, with both of their names."""
    if azure.subscription["state"] != "Enabled":
        raise AzError("ReadOnlyDisabledSubscription", "The subscription is disabled and therefore marked as read only.")
    names = ["South Africa North", "South Africa West", "West Europe", "East US", "Switzerland North"]
    return [{"displayName": name, "name": name.replace(" ", "").lower()} for name in names]


def _shown(azure: Azure, subscription: Json) -> Json:
    return {
        **subscription,
        "environmentName": "AzureCloud",
        "homeTenantId": subscription["tenantId"],
        "isDefault": subscription["id"] == azure["default"],
        "user": azure["user"],
    }

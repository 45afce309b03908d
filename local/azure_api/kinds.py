"""The kinds of resources: their API versions, and what Azure adds to what it is given, or refuses.

A hook gets the resource as it will be, and the one before or None; it changes the former in place.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.azure_api import container_apps
from local.azure_api.changes import Change
from local.azure_api.errors import AzureError
from local.azure_api.resource_id import ResourceId
from local.tokens import TENANT_ID


def _nothing(_: Change) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type of resource. `is_long`: its changes answer before they are done; `created`: the status of a creation."""

    name: str
    versions: tuple[str, ...]
    is_long: bool = False
    created: int = 201
    complete: Callable[[Change], None] = _nothing


def _made(id_: ResourceId, what: str) -> str:
    """A UUID that Azure would choose."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{id_.key}#{what}"))


def _workspace(change: Change) -> None:
    change.keep(customerId=_made(change.id, "customer"))
    properties = change.properties
    properties.setdefault("workspaceCapping", {"dailyQuotaGb": -1.0})
    properties.setdefault("retentionInDays", 30)
    if not 30 <= properties["retentionInDays"] <= 730:
        raise change.refuse("InvalidParameter", "The retention must be between 30 and 730 days.")


def _identity(change: Change) -> None:
    change.keep(principalId=_made(change.id, "principal"), clientId=_made(change.id, "client"), tenantId=TENANT_ID)


def _vault(change: Change) -> None:
    old, properties = (change.old or {}).get("properties", {}), change.properties
    properties.pop("createMode", None)
    properties["vaultUri"] = f"https://{change.id.name}.vault.azure.net/"
    days = properties.setdefault("softDeleteRetentionInDays", 90)
    if old and days != old["softDeleteRetentionInDays"]:
        message = 'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.'
        raise change.refuse("BadRequest", message)
    if old.get("enablePurgeProtection") and not properties.get("enablePurgeProtection"):
        message = 'The property "enablePurgeProtection" cannot be set to false.'
        raise change.refuse("BadRequest", message)
    if properties["tenantId"] != TENANT_ID:
        raise change.refuse("InvalidTenantId", f"The tenant {properties['tenantId']} is not the subscription's.")
    taken = [vault for vault in change.azure.children("", "microsoft.keyvault/vaults") if vault["id"] != change.id.text]
    names = {vault["name"].lower() for vault in taken} | change.azure.deleted_vaults.keys()
    if change.id.name.lower() in names:
        message = f"The vault name '{change.id.name}' is already in use, perhaps by a vault in deleted state."
        raise AzureError(409, "VaultAlreadyExists", message)


def _managed_environment(change: Change) -> None:
    properties, region = change.properties, change.resource["location"]
    logs = (properties.get("appLogsConfiguration") or {}).get("logAnalyticsConfiguration")
    if logs:
        logs.pop("sharedKey", None)
        found = change.azure.children("", "microsoft.operationalinsights/workspaces")
        if logs["customerId"] not in {workspace["properties"]["customerId"] for workspace in found}:
            raise change.refuse("InvalidLogAnalyticsConfiguration", "There is no workspace of this customerId.")
    _check_network(change)
    change.keep(
        defaultDomain=f"calm-{_made(change.id, 'domain')[:8]}.{region}.azurecontainerapps.io",
        staticIp="203.0.113.10",
        customDomainConfiguration={"customDomainVerificationId": _made(change.id, "verification").upper()},
    )
    change.default(
        publicNetworkAccess="Enabled",
        zoneRedundant=False,
        peerAuthentication={"mtls": {"enabled": False}},
    )


def _check_network(change: Change) -> None:
    """Azure makes a resource group beside an environment in a subnet, which whoever makes it must be allowed to join.

    https://learn.microsoft.com/azure/container-apps/custom-virtual-networks and
    https://learn.microsoft.com/azure/reliability/reliability-container-apps
    """
    subnet = (change.properties.get("vnetConfiguration") or {}).get("infrastructureSubnetId")
    if change.properties.get("zoneRedundant") and not subnet:
        raise change.refuse("InvalidRequestParameter", "A zone redundant environment needs a subnet.")
    if subnet:
        change.require_resource(subnet)
        change.require_right("Microsoft.Network/virtualNetworks/subnets/join/action", subnet)
        change.keep(infrastructureResourceGroup=f"ME_{change.id.name}_{change.id.group.name}")


def _component(change: Change) -> None:
    key = _made(change.id, "instrumentation")
    change.keep(
        InstrumentationKey=key,
        AppId=_made(change.id, "application"),
        ConnectionString=f"InstrumentationKey={key};IngestionEndpoint=https://{change.resource['location']}-0.in.applicationinsights.azure.com/",
    )
    change.require_resource(change.properties["WorkspaceResourceId"])


def _ai_account(change: Change) -> None:
    subdomain = change.properties.get("customSubDomainName") or change.id.name
    change.properties["endpoint"] = f"https://{subdomain}.cognitiveservices.azure.com/"
    if (identity := change.resource.get("identity")) and "SystemAssigned" in identity["type"]:
        identity.update(principalId=_made(change.id, "principal"), tenantId=TENANT_ID)


def _ai_project(change: Change) -> None:
    if not change.require_resource(change.id.parent.text)["properties"].get("allowProjectManagement"):
        raise change.refuse("BadRequest", "Project management is not allowed on this account.")
    change.resource["identity"].update(principalId=_made(change.id, "principal"), tenantId=TENANT_ID)


def _deployment(change: Change) -> None:
    change.default(currentCapacity=change.resource["sku"].get("capacity", 1), raiPolicyName="Microsoft.DefaultV2")


def _diagnostic_setting(change: Change) -> None:
    change.require_resource(change.properties["workspaceId"])


def _alert(change: Change) -> None:
    for scope in change.properties.get("scopes", []):
        change.require_resource(scope)


def _web_test(change: Change) -> None:
    hidden = [name for name in change.resource.get("tags", {}) if name.startswith("hidden-link:")]
    if not hidden:
        raise change.refuse("BadRequest", "A web test needs a tag hidden-link with its component.")


def _budget(change: Change) -> None:
    change.resource["eTag"] = _made(change.id, str(change.properties.get("amount")))


def _storage_account(change: Change) -> None:
    change.properties["primaryEndpoints"] = {"blob": f"https://{change.id.name}.blob.core.windows.net/"}


_ALL = (
    Kind(
        name="Microsoft.OperationalInsights/workspaces",
        versions=("2020-08-01", "2022-10-01", "2023-09-01", "2025-07-01"),
        is_long=True,
        complete=_workspace,
    ),
    Kind(name="Microsoft.ManagedIdentity/userAssignedIdentities", versions=("2024-11-30",), complete=_identity),
    Kind(name="Microsoft.KeyVault/vaults", versions=("2023-07-01", "2026-02-01"), complete=_vault),
    Kind(
        name="Microsoft.App/managedEnvironments",
        versions=("2025-01-01", "2025-07-01"),
        is_long=True,
        complete=_managed_environment,
    ),
    Kind(
        name="Microsoft.App/containerApps",
        versions=("2025-01-01", "2025-07-01"),
        is_long=True,
        complete=container_apps.complete,
    ),
    Kind(name="Microsoft.Insights/components", versions=("2020-02-02",), created=200, complete=_component),
    Kind(name="Microsoft.Insights/webTests", versions=("2022-06-15",), created=200, complete=_web_test),
    Kind(name="Microsoft.Insights/workbooks", versions=("2022-04-01",)),
    Kind(name="Microsoft.Insights/actionGroups", versions=("2023-01-01",)),
    Kind(name="Microsoft.Insights/metricAlerts", versions=("2018-03-01",), created=200, complete=_alert),
    Kind(name="Microsoft.Insights/scheduledQueryRules", versions=("2023-03-15-preview",), complete=_alert),
    Kind(
        name="Microsoft.Insights/diagnosticSettings",
        versions=("2021-05-01-preview",),
        created=200,
        complete=_diagnostic_setting,
    ),
    Kind(name="Microsoft.Consumption/budgets", versions=("2019-10-01",), complete=_budget),
    Kind(
        name="Microsoft.CognitiveServices/accounts",
        versions=("2025-06-01", "2026-03-01"),
        is_long=True,
        complete=_ai_account,
    ),
    Kind(
        name="Microsoft.CognitiveServices/accounts/deployments",
        versions=("2025-06-01", "2026-03-01"),
        is_long=True,
        complete=_deployment,
    ),
    Kind(
        name="Microsoft.CognitiveServices/accounts/projects",
        versions=("2025-06-01", "2026-03-01"),
        is_long=True,
        complete=_ai_project,
    ),
    Kind(name="Microsoft.ContainerRegistry/registries", versions=("2025-11-01",)),
    Kind(name="Microsoft.Network/virtualNetworks/subnets", versions=("2024-05-01",)),
    Kind(name="Microsoft.Storage/storageAccounts", versions=("2023-05-01",), complete=_storage_account),
    Kind(name="Microsoft.Authorization/locks", versions=("2020-05-01",)),
)
KINDS: Mapping[str, Kind] = {kind.name.lower(): kind for kind in _ALL}

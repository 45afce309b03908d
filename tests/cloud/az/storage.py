"""`az storage account` and `az storage container-rm`, all of it the management plane."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import AzError, Json, command, missing
from tests.cloud.az.group import found as found_group

Truth = bool  # an argument that is true or false, not a switch


@command("storage account check-name")
def check_name(azure: Azure, *, name: str) -> Json:
    """Names are the world's."""
    is_free = name not in azure["taken"] and name not in azure["storage"]
    return {
        "nameAvailable": is_free,
        "reason": None if is_free else "AlreadyExists",
        "message": None if is_free else f"The storage account named {name} is already taken.",
    }


@command("storage account show")
def show(azure: Azure, *, name: str, resource_group: str) -> Json:
    """It, or 404."""
    return _shown(_found(azure, name, resource_group))


@command("storage account create", changes=True)
def create(
    azure: Azure,
    *,
    name: str,
    resource_group: str,
    location: str | None = None,
    sku: str = "Standard_RAGRS",
    kind: str = "StorageV2",
    min_tls_version: str = "TLS1_0",
    allow_blob_public_access: Truth = False,
    allow_shared_key_access: Truth = True,
    allow_cross_tenant_replication: Truth = False,
    https_only: Truth = True,
    tags: list[str] = [],  # noqa: B006
) -> Json:
    """Make it, with Azure's defaults for what is not said."""
    group = found_group(azure, resource_group)
    azure.require("Microsoft.Storage/storageAccounts/write", group["id"])
    if azure.providers["Microsoft.Storage"] != "Registered":
        raise AzError(
            "MissingSubscriptionRegistration",
            "The subscription is not registered to use namespace 'Microsoft.Storage'.",
        )
    other = azure["storage"].get(name)
    id_ = f"{group['id']}/providers/Microsoft.Storage/storageAccounts/{name}"
    if name in azure["taken"] or (other and other["id"] != id_):
        raise AzError("StorageAccountAlreadyTaken", f"The storage account named {name} is already taken.")
    azure["storage"][name] = {
        "id": id_,
        "name": name,
        "resourceGroup": resource_group,
        "location": location or group["location"],
        "sku": {"name": sku},
        "kind": kind,
        "minimumTlsVersion": min_tls_version,
        "allowBlobPublicAccess": allow_blob_public_access,
        "allowSharedKeyAccess": allow_shared_key_access,
        "allowCrossTenantReplication": allow_cross_tenant_replication,
        "enableHttpsTrafficOnly": https_only,
        "tags": dict(tag.split("=", 1) for tag in tags),
        "blob": (other or {}).get("blob", {"isVersioningEnabled": None}),
        "containers": (other or {}).get("containers", []),
    }
    return _shown(azure["storage"][name])


@command("storage account update", changes=True)
def update(
    azure: Azure,
    *,
    name: str,
    resource_group: str,
    min_tls_version: str | None = None,
    allow_blob_public_access: Truth | None = None,
    allow_shared_key_access: Truth | None = None,
    allow_cross_tenant_replication: Truth | None = None,
    https_only: Truth | None = None,
    sku: str | None = None,
) -> Json:
    """Change what is said, leave the rest; zones are another command's."""
    account = _found(azure, name, resource_group)
    azure.require("Microsoft.Storage/storageAccounts/write", account["id"])
    wanted = {
        "minimumTlsVersion": min_tls_version,
        "allowBlobPublicAccess": allow_blob_public_access,
        "allowSharedKeyAccess": allow_shared_key_access,
        "allowCrossTenantReplication": allow_cross_tenant_replication,
        "enableHttpsTrafficOnly": https_only,
    }
    account.update({key: value for key, value in wanted.items() if value is not None})
    if sku:
        if ("ZRS" in sku) != ("ZRS" in account["sku"]["name"]):
            raise AzError("InvalidAccountType", f"Cannot change {account['sku']['name']} to {sku} by an update.")
        account["sku"] = {"name": sku}
    return _shown(account)


@command("storage account blob-service-properties show")
def blob_show(azure: Azure, *, account_name: str, resource_group: str) -> Json:
    """Versioning and soft delete."""
    return _blob(_found(azure, account_name, resource_group))


@command("storage account blob-service-properties update", changes=True)
def blob_update(
    azure: Azure,
    *,
    account_name: str,
    resource_group: str,
    enable_versioning: Truth | None = None,
    enable_delete_retention: Truth | None = None,
    delete_retention_days: str | None = None,
    enable_container_delete_retention: Truth | None = None,
    container_delete_retention_days: str | None = None,
) -> Json:
    """Change what is said."""
    account = _found(azure, account_name, resource_group)
    azure.require("Microsoft.Storage/storageAccounts/blobServices/write", account["id"])
    if enable_versioning is not None:
        account["blob"]["isVersioningEnabled"] = enable_versioning
    if enable_delete_retention is not None:
        account["blob"]["deleteRetentionPolicy"] = _policy(enabled=enable_delete_retention, days=delete_retention_days)
    if enable_container_delete_retention is not None:
        account["blob"]["containerDeleteRetentionPolicy"] = _policy(
            enabled=enable_container_delete_retention, days=container_delete_retention_days
        )
    return _blob(account)


@command("storage container-rm exists")
def container_exists(azure: Azure, *, name: str, storage_account: str, resource_group: str) -> Json:
    """Whether it does; False as well when the account does not."""
    account = azure["storage"].get(storage_account)
    return {"exists": bool(account) and account["resourceGroup"] == resource_group and name in account["containers"]}


@command("storage container-rm create", changes=True)
def container_create(azure: Azure, *, name: str, storage_account: str, resource_group: str) -> Json:
    """Make it; one that is there stays."""
    account = _found(azure, storage_account, resource_group)
    azure.require("Microsoft.Storage/storageAccounts/blobServices/containers/write", account["id"])
    if name not in account["containers"]:
        account["containers"].append(name)
    return {"id": f"{account['id']}/blobServices/default/containers/{name}", "name": name, "publicAccess": None}


def _policy(*, enabled: bool, days: str | None) -> Json:
    return {"enabled": enabled, "days": int(days) if enabled and days else None, "allowPermanentDelete": None}


def _blob(account: Json) -> Json:
    off = _policy(enabled=False, days=None)
    return {"deleteRetentionPolicy": off, "containerDeleteRetentionPolicy": off, **account["blob"]}


def _found(azure: Azure, name: str, resource_group: str) -> Json:
    found_group(azure, resource_group)
    account: Json = azure["storage"].get(name) or {}
    if account.get("resourceGroup") != resource_group or not account["id"].startswith(f"{azure.scope}/"):
        raise missing(
            "ResourceNotFound",
            f"The Resource 'Microsoft.Storage/storageAccounts/{name}' under resource group '{resource_group}' was not "
            "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        )
    return account


def _shown(account: Json) -> Json:
    return {key: value for key, value in account.items() if key not in {"blob", "containers"}}

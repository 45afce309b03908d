"""`az identity`."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import Json, command, missing


@command("identity show")
def show(azure: Azure, *, name: str, resource_group: str) -> Json:
    """A managed identity, or 404."""
    if name not in azure["identities"]:
        raise missing("ResourceNotFound", f"The Resource 'Microsoft.ManagedIdentity/{name}' was not found.")
    return {"name": name, "resourceGroup": resource_group, "principalId": azure["identities"][name]}

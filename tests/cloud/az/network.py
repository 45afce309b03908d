"""`az network`."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import Json, command, missing


@command("network vnet show")
def show(azure: Azure, *, name: str, resource_group: str) -> Json:
    """A virtual network with its subnets, or 404."""
    azure.require("Microsoft.Network/virtualNetworks/read", f"{azure.scope}/resourceGroups/{resource_group}")
    for network in azure["networks"]:
        if (network["name"], network["resourceGroup"]) == (name, resource_group):
            group = f"{azure.scope}/resourceGroups/{resource_group}"
            return {"id": f"{group}/providers/Microsoft.Network/virtualNetworks/{name}", **network}
    raise missing("ResourceNotFound", f"The Resource 'Microsoft.Network/virtualNetworks/{name}' was not found.")

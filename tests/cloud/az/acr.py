"""`az acr`."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import Json, command, missing


@command("acr show")
def show(azure: Azure, *, name: str, resource_group: str) -> Json:
    """One of a test's state: `registries`, by name."""
    found: Json | None = azure["registries"].get(name)
    if found is None or found["resourceGroup"] != resource_group:
        raise missing(
            "ResourceNotFound", f"The Resource 'Microsoft.ContainerRegistry/registries/{name}' was not found."
        )
    return {"name": name, "loginServer": f"{name.lower()}.azurecr.io", **found}

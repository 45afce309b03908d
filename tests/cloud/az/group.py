"""`az group`."""

from __future__ import annotations

from tests.cloud.az.azure import Azure, is_above
from tests.cloud.az.commands import AzError, Json, command, missing


@command("group exists")
def exists(azure: Azure, *, name: str) -> bool:
    """Whether it does."""
    return _is_there(azure, name)


@command("group show")
def show(azure: Azure, *, name: str) -> Json:
    """It, or 404."""
    return found(azure, name)


@command("group create", changes=True)
def create(azure: Azure, *, name: str, location: str, tags: list[str] = []) -> Json:  # noqa: B006
    """Make it; one that exists elsewhere is not moved."""
    azure.require("Microsoft.Resources/subscriptions/resourceGroups/write", azure.scope)
    group = azure["groups"].get(name)
    if group and group["location"] != location:
        raise AzError(
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in location "
            f"'{group['location']}'.",
        )
    azure["groups"][name] = {
        "id": f"{azure.scope}/resourceGroups/{name}",
        "name": name,
        "location": location,
        "tags": dict(tag.split("=", 1) for tag in tags),
        "properties": {"provisioningState": "Succeeded"},
    }
    return found(azure, name)


@command("group delete", changes=True)
def delete(azure: Azure, *, name: str, yes: bool = False) -> None:
    """With all that is in it, and with the roles on it."""
    assert yes, "az would ask"
    group = found(azure, name)
    azure.require("Microsoft.Resources/subscriptions/resourceGroups/delete", group["id"])
    del azure["groups"][name]
    for key, id_ in (("resources", "id"), ("role_assignments", "scope")):
        azure.data[key] = [each for each in azure[key] if not is_above(group["id"], each[id_])]


def found(azure: Azure, name: str) -> Json:
    """The group; Azure's 404 if there is none."""
    if not _is_there(azure, name):
        raise missing("ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
    group: Json = azure["groups"][name]
    return group


def _is_there(azure: Azure, name: str) -> bool:
    """In this subscription; no two of a test's subscriptions have groups of one name."""
    return name in azure["groups"] and f"{azure['groups'][name].get('id', azure.scope)}/".startswith(f"{azure.scope}/")

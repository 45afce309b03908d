"""`az tag`, of resource groups."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import Json, UsageError, command
from tests.cloud.az.group import found


@command("tag update", changes=True)
def update(azure: Azure, *, resource_id: str, operation: str, tags: list[str]) -> Json:
    """Merge some with what is there; names are compared without regard to case."""
    if operation != "Merge":
        raise UsageError(f"argument --operation: no stand-in for {operation!r}")
    azure.require("Microsoft.Resources/tags/write", resource_id)
    group = found(azure, resource_id.rpartition("/")[2])
    given = dict(tag.split("=", 1) for tag in tags)
    names = {name.lower() for name in given}
    group["tags"] = {name: value for name, value in group["tags"].items() if name.lower() not in names} | given
    return {"id": f"{resource_id}/providers/Microsoft.Resources/tags/default", "properties": {"tags": group["tags"]}}

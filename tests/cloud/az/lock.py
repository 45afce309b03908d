"""`az lock`, of resource groups."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import Json, UsageError, command
from tests.cloud.az.group import found


@command("lock list")
def list_(azure: Azure, *, resource_group: str) -> list[Json]:
    """Those of the group and of what is in it."""
    within = f"{found(azure, resource_group)['id']}/"
    return [lock for lock in azure["locks"] if lock["id"].startswith(within)]


@command("lock create", changes=True)
def create(azure: Azure, *, name: str, resource_group: str, lock_type: str, notes: str = "") -> Json:
    """One more, or the one of that name changed."""
    group = found(azure, resource_group)
    azure.require("Microsoft.Authorization/locks/write", group["id"])
    if lock_type not in {"CanNotDelete", "ReadOnly"}:
        raise UsageError(f"argument --lock-type/-t: invalid choice: '{lock_type}'")
    id_ = f"{group['id']}/providers/Microsoft.Authorization/locks/{name}"
    azure.data["locks"] = [lock for lock in azure["locks"] if lock["id"] != id_]
    azure["locks"].append({"id": id_, "name": name, "level": lock_type, "notes": notes})
    created: Json = azure["locks"][-1]
    return created

"""`az resource`: what is in a resource group, whoever made it."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import Json, command
from tests.cloud.az.group import found as found_group


def resource(group: str, kind: str, name: str) -> Json:
    """One for a test's state; `group` is the id of the resource group, `kind` a type."""
    return {"id": f"{group}/providers/{kind}/{name}", "type": kind, "name": name}


@command("resource list")
def list_(azure: Azure, *, resource_group: str) -> list[Json]:
    """Those of a group; Azure and the provider do not write ids in the same case."""
    within = f"{found_group(azure, resource_group)['id']}/".lower()
    return [each for each in azure["resources"] if each["id"].lower().startswith(within)]

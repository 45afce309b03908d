"""`az containerapp`, as far as it is about revisions."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import Json, command, missing


@command("containerapp show")
def show(azure: Azure, *, name: str, resource_group: str) -> Json:
    """The app, without its revisions."""
    app = _found(azure, name, resource_group)
    return {key: value for key, value in app.items() if key != "revisions"}


@command("containerapp revision list")
def revision_list(azure: Azure, *, name: str, resource_group: str, all: bool = False) -> list[Json]:  # noqa: A002
    """The active ones, oldest first; `--all` with the others."""
    revisions = _found(azure, name, resource_group)["revisions"]
    return [revision for revision in revisions if all or revision["properties"]["active"]]


@command("containerapp revision show")
def revision_show(azure: Azure, *, revision: str, name: str, resource_group: str) -> Json:
    """One of them."""
    return _revision(_found(azure, name, resource_group), revision)


@command("containerapp revision activate", changes=True)
def revision_activate(azure: Azure, *, revision: str, name: str, resource_group: str) -> str:
    """In single revision mode the others end."""
    app = _found(azure, name, resource_group)
    wanted = _revision(app, revision)
    azure.require("Microsoft.App/containerApps/revisions/activate/action", app["id"])
    for each in app["revisions"]:
        each["properties"]["active"] = each is wanted
    return "Activate succeeded"


def _found(azure: Azure, name: str, resource_group: str) -> Json:
    app: Json | None = azure["container_apps"].get(name)
    if app is None or app["resourceGroup"] != resource_group:
        raise missing(
            "ResourceNotFound",
            f"The Resource 'Microsoft.App/containerApps/{name}' under resource group '{resource_group}' was not found.",
        )
    return app


def _revision(app: Json, name: str) -> Json:
    for revision in app["revisions"]:
        if revision["name"] == name:
            found: Json = revision
            return found
    raise missing("RevisionNotFound", f"Revision {name} was not found.")

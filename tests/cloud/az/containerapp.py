"""`az containerapp`, as far as it is about revisions; one that is activated takes over a little later."""

from __future__ import annotations

import time

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import Json, command, missing

IMAGE = "ghcr.io/berriai/litellm@sha256:"


def app(name: str, resource_group: str, *, fqdn: str, revisions: list[Json], takes_s: float = 0.0) -> Json:
    """One for a test's state; `takes_s` is how long a revision needs to be up, negative if it never is."""
    return {
        "id": f"/subscriptions/s/resourceGroups/{resource_group}/providers/Microsoft.App/containerApps/{name}",
        "name": name,
        "resourceGroup": resource_group,
        "properties": {"configuration": {"activeRevisionsMode": "Single", "ingress": {"fqdn": fqdn}}},
        "revisions": revisions,
        "takes_s": takes_s,
    }


def revision(
    name: str, created: str, *, active: bool = False, provisioning: str = "Provisioned", source: str = ""
) -> Json:
    """One for a test's state; `source` is the archive that its gateway carries."""
    env = [{"name": "GATEWAY_SOURCE", "value": source}] if source else None
    return {
        "name": name,
        "properties": {
            "createdTime": f"{created}T10:00:00+00:00",
            "active": active,
            "trafficWeight": 100 if active else 0,
            "provisioningState": provisioning,
            "runningState": "Running" if active else "Stopped",
            "healthState": "Healthy" if active else "None",
            "template": {"containers": [{"image": f"{IMAGE}{name.encode().hex()}", "env": env}]},
        },
    }


@command("containerapp show")
def show(azure: Azure, *, name: str, resource_group: str) -> Json:
    """The app, without its revisions."""
    found = _found(azure, name, resource_group)
    newest = max(_now(found), key=lambda each: str(each["properties"]["createdTime"]))
    properties = {**found["properties"], "template": newest["properties"]["template"]} | {
        "latestRevisionName": newest["name"]
    }
    return {**{key: found[key] for key in ("id", "name", "resourceGroup")}, "properties": properties}


@command("containerapp revision show")
def revision_show(azure: Azure, *, revision: str, name: str, resource_group: str) -> Json:
    """One of them."""
    for each in _now(_found(azure, name, resource_group)):
        if each["name"] == revision:
            return each
    raise missing("RevisionNotFound", f"Revision {revision} was not found.")


@command("containerapp revision list")
def revision_list(azure: Azure, *, name: str, resource_group: str, all: bool = False) -> list[Json]:
    """The active ones; `--all` with the others."""
    revisions = _now(_found(azure, name, resource_group))
    return [each for each in revisions if all or each["properties"]["active"]]


@command("containerapp revision activate", changes=True)
def revision_activate(azure: Azure, *, revision: str, name: str, resource_group: str) -> str:
    """In single revision mode the others end, once it is up."""
    found = _found(azure, name, resource_group)
    if revision not in {each["name"] for each in found["revisions"]}:
        raise missing("RevisionNotFound", f"Revision {revision} was not found.")
    azure.require("Microsoft.App/containerApps/revisions/activate/action", _group(azure, resource_group))
    found["revisions"] = _now(found)
    found["wanted"], found["since"] = revision, time.time()
    return "Activate succeeded"


def _now(found: Json) -> list[Json]:
    """The revisions as they are by now."""
    if "wanted" not in found:
        revisions: list[Json] = found["revisions"]
        return revisions
    is_up = found["takes_s"] >= 0 and time.time() - found["since"] >= found["takes_s"]
    return [_changed(each, wanted=each["name"] == found["wanted"], is_up=is_up) for each in found["revisions"]]


def _changed(each: Json, *, wanted: bool, is_up: bool) -> Json:
    if wanted:
        state = {"active": True, "runningState": "Running" if is_up else "Processing", "healthState": "None"}
        return {**each, "properties": {**each["properties"], **state, "trafficWeight": 100 if is_up else 0}}
    if not is_up:
        return each
    ended = {"active": False, "runningState": "Stopped", "healthState": "None", "trafficWeight": 0}
    return {**each, "properties": {**each["properties"], **ended}}


def _group(azure: Azure, name: str) -> str:
    """The id of the group, which not every test has made."""
    return f"{azure.scope}/resourceGroups/{name}"


def _found(azure: Azure, name: str, resource_group: str) -> Json:
    found: Json | None = azure["container_apps"].get(name)
    if found is None or found["resourceGroup"] != resource_group:
        raise missing(
            "ResourceNotFound",
            f"The Resource 'Microsoft.App/containerApps/{name}' under resource group '{resource_group}' was not found.",
        )
    return found

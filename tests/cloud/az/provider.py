"""`az provider`."""

from __future__ import annotations

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import Json, command, missing


@command("provider list")
def list_(azure: Azure) -> list[Json]:
    """Every resource provider, registered or not."""
    return [_shown(azure, namespace) for namespace in azure.providers]


@command("provider show")
def show(azure: Azure, *, namespace: str) -> Json:
    """One of them."""
    _check(azure, namespace)
    return _shown(azure, namespace)


@command("provider register", changes=True)
def register(azure: Azure, *, namespace: str, wait: bool = False) -> None:
    """Takes minutes, unless it is waited for; prints nothing."""
    _check(azure, namespace)
    azure.require(f"{namespace}/register/action", azure.scope)
    azure.providers[namespace] = "Registered" if wait else "Registering"


def _check(azure: Azure, namespace: str) -> None:
    if namespace not in azure.providers:
        raise missing("InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")


def _shown(azure: Azure, namespace: str) -> Json:
    types = [{"resourceType": "operations", "locations": []}]
    if namespace == "Microsoft.App":
        types.append({"resourceType": "managedEnvironments", "locations": azure["container_apps_regions"]})
    return {
        "namespace": namespace,
        "registrationState": azure.providers[namespace],
        "resourceTypes": types,
    }

"""What Azure does with a container app: checks of secrets, containers and identity, and revisions.

Sizes of a replica: https://learn.microsoft.com/azure/container-apps/containers (Allocations)
"""

import hashlib
import json
from typing import Any

from local.azure_api.changes import Change
from local.azure_api.resource_id import ResourceId

_MAX_REPLICA_CPU = 4.0
_MAX_REVISIONS = 100


def complete(change: Change) -> None:
    """Refuse what Azure refuses; make a revision if the template changes."""
    properties = change.properties
    environment = change.require_resource(properties["managedEnvironmentId"])
    profiles = [profile["name"] for profile in environment["properties"].get("workloadProfiles") or []]
    change.default(workloadProfileName=profiles[0] if profiles else None)
    if profiles and properties["workloadProfileName"] not in profiles:
        raise change.refuse("WorkloadProfileNameDoesNotExist", "The environment has no such workload profile.")
    _check_containers(change)
    _check_identities(change)
    _check_secrets(change)
    _check_registries(change)
    ingress = properties["configuration"].get("ingress")
    if ingress:
        inner = "" if ingress.get("external") else ".internal"
        ingress["fqdn"] = f"{change.id.name}{inner}.{environment['properties']['defaultDomain']}"
    change.default(outboundIpAddresses=["203.0.113.11"])
    change.keep(customDomainVerificationId="0" * 64, revisions=[])
    _make_revision(change, domain=environment["properties"]["defaultDomain"])


def without_values(app: dict[str, Any]) -> dict[str, Any]:
    """As GET shows an app: names of secrets, not what they are."""
    properties = {name: value for name, value in app["properties"].items() if name != "revisions"}
    secrets = properties["configuration"].get("secrets") or []
    shown = [{"name": secret["name"]} for secret in secrets]
    return {**app, "properties": {**properties, "configuration": {**properties["configuration"], "secrets": shown}}}


def _check_containers(change: Change) -> None:
    containers = change.properties["template"]["containers"]
    cpu = sum(container["resources"]["cpu"] for container in containers)
    memory = sum(float(container["resources"]["memory"].removesuffix("Gi")) for container in containers)
    if memory != 2 * cpu or cpu > _MAX_REPLICA_CPU or (4 * cpu) % 1:
        message = f"The total requested CPU and memory resources for this application (CPU: {cpu}, memory: {memory}) "
        raise change.refuse("ContainerAppInvalidResourceTotal", f"{message}is invalid.")
    known = {secret["name"] for secret in change.properties["configuration"].get("secrets") or []}
    for container in containers:
        for variable in container.get("env") or []:
            if (name := variable.get("secretRef")) and name not in known:
                message = f"SecretRef '{name}' defined for container '{container['name']}' not found."
                raise change.refuse("ContainerAppSecretRefNotFound", message)


def _check_identities(change: Change) -> None:
    """Whoever gives an app an identity needs the right to, as Contributor has it."""
    for identity in (change.resource.get("identity") or {}).get("userAssignedIdentities", {}):
        found = change.require_resource(identity)
        change.require_right("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", identity)
        own = found["properties"]
        made = {"principalId": own["principalId"], "clientId": own["clientId"]}
        change.resource["identity"]["userAssignedIdentities"][identity] = made


def _check_registries(change: Change) -> None:
    """Azure pulls the image with the app's identity."""
    identities = _identities(change)
    for registry in change.properties["configuration"].get("registries") or []:
        name = registry["server"].partition(".")[0]
        found = change.azure.children("", "microsoft.containerregistry/registries")
        ids = [ResourceId(each["id"]) for each in found if each["name"] == name]
        principal = identities.get(str(registry.get("identity")).lower(), {}).get("principalId", "")
        pull = "Microsoft.ContainerRegistry/registries/pull/read"
        if not any(change.azure.roles.allows(principal, pull, id_) for id_ in ids):
            message = f"Field 'template.containers.image' is invalid: UNAUTHORIZED: {registry['server']}"
            raise change.refuse("InvalidParameterValueInContainerTemplate", message)


def _identities(change: Change) -> dict[str, dict[str, str]]:
    """The app's own, by their ids in lower case."""
    assigned = (change.resource.get("identity") or {}).get("userAssignedIdentities") or {}
    return {id_.lower(): made for id_, made in assigned.items()}


def _check_secrets(change: Change) -> None:
    """Azure reads what the app refers to, as the app's identity, whenever the app changes."""
    identities = _identities(change)
    for secret in change.properties["configuration"].get("secrets") or []:
        url = secret.get("keyVaultUrl")
        if not url:
            continue
        used = identities.get(str(secret.get("identity")).lower())
        problem = change.azure.secrets.can_read(used["principalId"], url) if used else "the app has no such identity"
        if problem:
            name = secret["name"]
            message = (
                f"Field 'configuration.secrets' is invalid with details: 'Invalid value: \"{name}\": Unable to get "
            )
            message += f"value using Managed identity {secret.get('identity')} for secret {name}: {problem}'."
            raise change.refuse("ContainerAppSecretInvalid", message)


def _make_revision(change: Change, *, domain: str) -> None:
    """One more if the template changed; of the inactive ones as many stay as the app asks for."""
    properties = change.properties
    template = json.dumps(properties["template"], sort_keys=True)
    before = (change.old or {"properties": {}})["properties"].get("template")
    revisions = properties["revisions"]
    if not revisions or json.dumps(before, sort_keys=True) != template:
        suffix = hashlib.sha256(f"{len(revisions)}{template}".encode()).hexdigest()[:7]
        revisions = [*revisions, f"{change.id.name}--{suffix}"]
    inactive = properties["configuration"].get("maxInactiveRevisions")
    kept = _MAX_REVISIONS if inactive is None else inactive
    properties["revisions"] = revisions[-kept - 1 :]
    properties["latestRevisionName"] = revisions[-1]
    properties["latestReadyRevisionName"] = revisions[-1]
    properties["latestRevisionFqdn"] = f"{revisions[-1]}.{domain}"

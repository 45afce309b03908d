"""`az keyvault secret`, and the vault's own API by way of `az rest`: every write is a new version."""

from __future__ import annotations

import json
import sys
import time

from tests.cloud import stand_in
from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import AzError, Json, command, missing

TEXT = "text/plain"
SUFFIX = ".vault.azure.net"


def version(value: str, *, content_type: str | None = TEXT, tags: Json | None = None, made: float = 0.0) -> Json:
    """One as it is kept; also for a test's state."""
    return {"value": value, "contentType": content_type, "tags": tags, "made": made, "enabled": True}


@command("keyvault secret show")
def show(azure: Azure, *, vault_name: str = "", name: str = "", id: str = "") -> Json:
    """The newest version, or the one with that id."""
    number = 0
    if id:
        host, _, path = id.removeprefix("https://").partition("/secrets/")
        vault_name, (name, _, text) = host.removesuffix(SUFFIX), path.partition("/")
        number = int(text, 16)
    versions = _versions(azure, vault_name, name)
    shown = _shown(vault_name, name, versions, number or len(versions))
    shown["value"] = versions[(number or len(versions)) - 1]["value"]
    return shown


@command("keyvault show")
def show_vault(azure: Azure, *, name: str, resource_group: str) -> Json:
    """One of those that somebody else has made: `existing_vaults`, by name."""
    found: Json | None = azure["existing_vaults"].get(name)
    if found is None or found["resourceGroup"] != resource_group:
        raise missing("ResourceNotFound", f"The Resource 'Microsoft.KeyVault/vaults/{name}' was not found.")
    return {"name": name, **found}


@command("keyvault secret list")
def list_secrets(azure: Azure, *, vault_name: str) -> list[Json]:
    """Without values."""
    vault = _vault(azure, vault_name)
    if azure["vaults_are_closed"]:
        raise _forbidden()
    return [_shown(vault_name, name, versions, len(versions)) for name, versions in vault.items()]


@command("keyvault secret list-versions")
def list_versions(azure: Azure, *, vault_name: str, name: str) -> list[Json]:
    """Without values, in no order that one could rely on."""
    versions = _versions(azure, vault_name, name)
    return [_shown(vault_name, name, versions, number) for number in range(1, len(versions) + 1)]


@command("rest --method put", changes=True)
def put(azure: Azure, *, url: str, resource: str, body: str) -> Json:
    """https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret"""
    host, _, path = url.removeprefix("https://").partition("/secrets/")
    name, _, query = path.partition("?")
    if resource != "https://vault.azure.net" or query != "api-version=7.4":
        raise AzError("", f"Bad Request({url})")
    if body != "@-":  # everybody on the machine can read it
        raise stand_in.SecretInArgumentsError
    vault_name = host.removesuffix(SUFFIX)
    if azure["vaults_are_closed"]:
        raise _forbidden()
    sent = json.loads(sys.stdin.read())
    stand_in.keep_secret(sent["value"])
    made = version(sent["value"], content_type=sent.get("contentType"), tags=sent.get("tags"), made=time.time())
    _vault(azure, vault_name).setdefault(name, []).append(made)
    answer: Json = show(azure, vault_name=vault_name, name=name)
    return answer


def _forbidden() -> AzError:
    message = "Caller is not authorized to perform action on resource."
    return AzError("", f'Forbidden({{"error":{{"code":"Forbidden","message":"{message}"}}}})')


def deleted_vault(name: str, *, location: str, purge_protection: bool = False) -> Json:
    """One that was deleted, for a test's state."""
    return {
        "name": name,
        "properties": {
            "location": location,
            "scheduledPurgeDate": "2027-03-01T10:00:00+00:00",
            "purgeProtectionEnabled": True if purge_protection else None,
        },
    }


@command("keyvault list-deleted")
def list_deleted(azure: Azure, *, resource_type: str) -> list[Json]:
    """The vaults of the subscription that keep their names."""
    assert resource_type == "vault"
    deleted: list[Json] = azure["vaults_deleted"]
    return deleted


@command("keyvault purge", changes=True)
def purge(azure: Azure, *, name: str, location: str) -> None:
    """Free the name, unless the vault is protected."""
    for vault in azure["vaults_deleted"]:
        if (vault["name"], vault["properties"]["location"]) == (name, location):
            if vault["properties"]["purgeProtectionEnabled"]:
                raise AzError("MethodNotAllowed", f"The operation 'purge' is not allowed on the vault '{name}'.")
            azure.require("Microsoft.KeyVault/locations/deletedVaults/purge/action", azure.scope)
            azure["vaults_deleted"].remove(vault)
            return
    raise missing("DeletedVaultNotFound", f"The specified deleted vault '{name}' does not exist.")


def _vault(azure: Azure, name: str) -> dict[str, list[Json]]:
    if name not in azure["vaults"]:
        raise AzError("", f"<urllib3.connection.HTTPSConnection object>: Failed to resolve '{name}{SUFFIX}'")
    vault: dict[str, list[Json]] = azure["vaults"][name]
    return vault


def _versions(azure: Azure, vault: str, name: str) -> list[Json]:
    found: list[Json] | None = _vault(azure, vault).get(name)
    if not found:
        raise missing("SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")
    return found


def _shown(vault: str, name: str, versions: list[Json], number: int) -> Json:
    kept = versions[number - 1]
    return {
        "id": f"https://{vault}{SUFFIX}/secrets/{name}/{number:032x}",
        "name": name,
        "contentType": kept["contentType"],
        "tags": kept["tags"],
        "attributes": {"enabled": kept["enabled"], "created": f"2026-11-{number:02d}T10:00:00+00:00"},
    }

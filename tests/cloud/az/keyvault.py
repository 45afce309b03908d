"""`az keyvault secret`: values come from a file, never from the command line."""

from __future__ import annotations

from pathlib import Path

from tests.cloud import edge
from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import AzError, Json, command, missing


@command("keyvault secret list")
def list_(azure: Azure, *, vault_name: str) -> list[Json]:
    """Names, without values."""
    return [_shown(vault_name, name, values, value=None) for name, values in _vault(azure, vault_name).items()]


@command("keyvault secret show")
def show(azure: Azure, *, vault_name: str, name: str) -> Json:
    """The newest version."""
    vault = _vault(azure, vault_name)
    if name not in vault:
        raise missing("SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")
    return _shown(vault_name, name, vault[name], value=vault[name][-1])


@command("keyvault secret set", changes=True)
def set_(azure: Azure, *, vault_name: str, name: str, file: str, encoding: str = "utf-8") -> Json:
    """A new version."""
    vault, value = _vault(azure, vault_name), Path(file).read_text(encoding=encoding)
    edge.keep_secret(value)
    vault.setdefault(name, []).append(value)
    return _shown(vault_name, name, vault[name], value=value)


def _vault(azure: Azure, name: str) -> dict[str, list[str]]:
    if name not in azure["vaults"]:
        raise AzError("", f"<urllib3.connection.HTTPSConnection object>: Failed to resolve '{name}.vault.azure.net'")
    vault: dict[str, list[str]] = azure["vaults"][name]
    return vault


def _shown(vault: str, name: str, values: list[str], *, value: str | None) -> Json:
    return {"id": f"https://{vault}.vault.azure.net/secrets/{name}/{len(values):032x}", "name": name, "value": value}

"""The gateway's keys that a deployment would write anew: one that was rotated since is in the vault alone.

Terraform keeps no value of a secret, so it cannot tell; the vault can.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.cloud.commands import CommandLine
from scripts.cloud.phases import derived
from scripts.cloud.vault import Vault
from scripts.stacks import Stack, Variable
from scripts.work import Failed

_KIND = "azurerm_key_vault_secret"
_SECOND = "-secondary"
_ANYWAY = "To write over it all the same: --overwrite-keys, from a laptop. Who holds the vault's key is refused then."


@dataclass(frozen=True, kw_only=True)
class Rewritten:
    """A secret that is in a vault already, and what its variable is called."""

    variable: str
    vault: str
    name: str

    @property
    def first(self) -> str:
        """The secret with the first key of the same project."""
        return self.name.removesuffix(_SECOND)


def rewritten(plan: Mapping[str, Any]) -> tuple[Rewritten, ...]:
    """Those of a plan, from what `terraform show -json` writes."""
    return tuple(
        Rewritten(variable=entry["name"], vault=before["key_vault_id"].rpartition("/")[2], name=before["name"])
        for entry in plan.get("resource_changes", [])
        if entry["type"] == _KIND and (before := entry["change"]["before"]) and _is_written(entry["change"])
    )


def check_keys(stack: Stack, secrets: Sequence[Rewritten], az: CommandLine) -> None:
    """`Failed` unless each key would be what it is; what cannot be asked for is not written over either."""
    variables = {variable.name: variable for variable in stack.variables if variable.is_ours}
    found: list[str] = []
    for secret in secrets:
        if secret.variable in variables:
            found += _objection(stack, secret, variables[secret.variable], Vault(az=az, name=secret.vault))
    if found:
        raise Failed("\n".join([f"{stack.env} is not deployed.", *found, _ANYWAY]), code=2)


def _objection(stack: Stack, secret: Rewritten, variable: Variable, vault: Vault) -> Iterator[str]:
    given = os.environ.get(variable.environ, "")
    try:
        there = vault.read(secret.name).value
        wanted = given if variable.required or given else derived(vault.read(secret.first).value)
    except Failed as failure:
        raise Failed(
            f"{failure}\nThis deployment writes the gateway's keys anew, and without an answer of the vault nobody "
            "knows whether they were rotated since. Log in with az; or --overwrite-keys, if they were not.",
            code=failure.code,
        ) from None
    if there == wanted:
        return
    if wanted != given:
        yield (
            f"The vault's {secret.name} is a key of its own: a rotation is going on, and clients may hold it already. "
            f"End it: {_retire(stack, secret)}"
        )
        return
    show = f"az keyvault secret show --vault-name {secret.vault} --name {secret.name} --query value --output tsv"
    yield (
        f"The vault's {secret.name} is another key than {variable.environ}: it was rotated, and this deployment would "
        f"bring the old one back. Take the vault's; for the workflow:\n"
        f"  {show} | gh secret set {variable.github_secret} --env {stack.env}"
    )


def _retire(stack: Stack, secret: Rewritten) -> str:
    project = secret.first.removeprefix("gateway-key").removeprefix("-")
    return f"python3 scripts/rotate.py --env {stack.env}{f' --project {project}' if project else ''} retire"


def _is_written(change: Mapping[str, Any]) -> bool:
    """Made anew, or with a version of the value that is another one."""
    if "create" in change["actions"]:
        return True
    versions = [(change[side] or {}).get("value_wo_version") for side in ("before", "after")]
    return "update" in change["actions"] and versions[0] != versions[1]

"""The keys that clients hold: one that is in the vault stays, whatever its variable says.

A rotation changes a key in the vault alone (docs/decisions/0017-rotation-in-the-vault.md), so the vault is asked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.commands import CommandLine
from scripts.delivery.preconditions import unset
from scripts.operating.vault import Vault
from scripts.stacks import Stack
from scripts.work import Failed, say


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A secret that Terraform has written before, and what its variable is called."""

    variable: str
    vault: str
    name: str


def kept(plan: Mapping[str, Any]) -> tuple[Kept, ...]:
    """Those of a plan, from what `terraform show -json` writes; one whose vault is replaced is still in the old one."""
    return tuple(
        Kept(variable=entry["name"], vault=before["key_vault_id"].rpartition("/")[2], name=before["name"])
        for entry in plan.get("resource_changes", [])
        if entry["type"] == "azurerm_key_vault_secret" and (before := entry["change"]["before"])
    )


def client_keys(stack: Stack, secrets: Sequence[Kept], az: CommandLine) -> dict[str, str]:
    """What each variable of a client's key must be: what the vault has, else what is given for a new one.

    Raises:
        Failed: the vault cannot be asked, or a key is neither there nor given.
    """
    there = {secret.variable: secret for secret in secrets}
    keys = {}
    for variable in stack.variables:
        if not variable.is_ours:
            continue
        given = os.environ.get(variable.environ, "").strip()
        keys[variable.environ] = given
        if secret := there.get(variable.name):
            keys[variable.environ] = Vault(az=az, name=secret.vault).read(secret.name).value
            if given not in {"", keys[variable.environ]}:
                say(f"{variable.environ} is not what the vault has as {secret.name}, and is not used: {_REPLACE}")
    if missing := unset(stack, [variable for variable in stack.variables if keys.get(variable.environ) == ""]):
        raise Failed("\n".join(missing), code=2)
    return keys


_REPLACE = "scripts/rotate.py replaces a key."

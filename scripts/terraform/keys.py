"""The keys that clients hold: one that is in the vault stays, whatever its variable says.

A rotation changes a key in the vault alone (docs/decisions/0017-rotation-in-the-vault.md), so the vault is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.azure.vault import Vault
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.terraform.preconditions import unset
from scripts.terraform.stacks import Stack, Variable
from settings.secret_names import derived_second_key, show_command

_MAKE = "A good one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
SHORTEST = 20
"""Characters of a new key: the door is on the internet, and asks for nothing else."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A secret that Terraform has written before, and what its variable is called."""

    variable: str
    vault: str
    name: str
    is_deleted: bool
    """Before it is written again, so that a deployment which stops between the two loses the value."""


def kept(plan: Mapping[str, Any]) -> tuple[Kept, ...]:
    """Those of a plan, from what `terraform show -json` writes; one whose vault is replaced is still in the old one."""
    return tuple(
        Kept(
            variable=entry["name"],
            vault=before["key_vault_id"].rpartition("/")[2],
            name=before["name"],
            is_deleted="delete" in entry["change"]["actions"],
        )
        for entry in plan.get("resource_changes", [])
        if entry["type"] == "azurerm_key_vault_secret" and (before := entry["change"]["before"])
    )


def client_keys(stack: Stack, secrets: Sequence[Kept], az: CommandLine) -> dict[str, str]:
    """What each variable of a client's key must be: what the vault has, else what is given for a new one.

    Raises:
        ScriptError: the vault cannot be asked, a key is neither there nor given, or one could be lost on the way.
    """
    there = {secret.variable: secret for secret in secrets}
    ours = [variable for variable in stack.variables if variable.is_ours]
    keys = {variable.environ: _key(variable, there.get(variable.name), az) for variable in ours}
    objections = unset(stack, [variable for variable in ours if not keys[variable.environ]])
    for variable in ours:
        if (secret := there.get(variable.name)) and secret.is_deleted and not _is_safe(variable, keys):
            objections.append(_hand_over(stack, variable, secret))
    if objections:
        raise ScriptError("\n".join(objections), code=2)
    return keys


def _is_safe(variable: Variable, keys: Mapping[str, str]) -> bool:
    """Whether another run would write the same, without a vault to ask."""
    first = keys[f"TF_VAR_{variable.name.removesuffix('_secondary')}"]
    given = variable.given or ("" if variable.required else derived_second_key(first))
    return given == keys[variable.environ]


def _hand_over(stack: Stack, variable: Variable, secret: Kept) -> str:
    show = show_command(secret.vault, secret.name)
    return (
        f"{secret.name} of {secret.vault} is deleted and written again, and would be lost if that stopped half way. "
        f"Hand it over as {variable.environ}, and deploy again; in a workflow by the first of these:\n"
        f"  {show} | gh secret set {variable.github_secret} --env {stack.env}\n"
        f'  export {variable.environ}="$({show})"'
    )


def _key(variable: Variable, secret: Kept | None, az: CommandLine) -> str:
    given = variable.given
    if secret is None:
        if 0 < len(given) < SHORTEST:
            raise ScriptError(f"{variable.environ} must have at least {SHORTEST} characters. {_MAKE}", code=2)
        return given
    value = Vault(az=az, name=secret.vault).read(secret.name).value
    if given not in {"", value}:
        log(
            f"{variable.environ} is not what the vault has as {secret.name}, and is not used: "
            "scripts/rotate.py replaces a key."
        )
    return value

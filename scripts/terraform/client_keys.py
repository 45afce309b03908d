"""The clients' keys of a deployment: those of the Key Vault, and TF_VAR_... only for keys that are not there yet.

A rotation changes a key in the vault alone (docs/decisions/0017-rotation-in-the-vault.md), so the vault decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.azure.key_vault import KeyVault
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.terraform.plan_changes import Action, ResourceChange
from scripts.terraform.required_inputs import missing_variables
from scripts.terraform.stacks import Stack, Variable
from settings.secret_names import derived_second_key, show_command

_GENERATE = "To generate one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
MIN_LENGTH = 20
"""Characters of a new key: the gateway is on the internet, and a key is its only authentication."""


@dataclass(frozen=True, kw_only=True)
class StoredSecret:
    """A secret that an earlier deployment wrote into a Key Vault, and the name of its Terraform resource."""

    variable: str
    vault: str
    name: str
    is_deleted: bool
    """By this plan, before it writes the secret again: a failure in between would lose the value."""


def stored_secrets(plan: Mapping[str, Any]) -> tuple[StoredSecret, ...]:
    """Those in the output of `terraform show -json`; if the plan replaces the vault, in the old one."""
    return tuple(
        StoredSecret(
            variable=entry["name"],
            vault=before["key_vault_id"].rpartition("/")[2],
            name=before["name"],
            is_deleted="delete" in entry["change"]["actions"],
        )
        for entry in plan.get("resource_changes", [])
        if entry["type"] == "azurerm_key_vault_secret"
        and "deposed" not in entry
        and (before := entry["change"]["before"])
    )


def client_keys(stack: Stack, secrets: Sequence[StoredSecret], az: CommandLine) -> dict[str, str]:
    """The value of each variable with a client's key: the vault's, or for a new key the given one.

    Raises:
        ScriptError: the vault cannot be read, a new key is not given, or a failed deployment could lose a key.
    """
    stored = {secret.variable: secret for secret in secrets}
    ours = [variable for variable in stack.variables if variable.is_ours]
    keys = {variable.environ: _key(variable, stored.get(variable.name), az) for variable in ours}
    mistakes = missing_variables(stack, [variable for variable in ours if not keys[variable.environ]])
    for variable in ours:
        if (secret := stored.get(variable.name)) and secret.is_deleted and not _is_given(variable, keys):
            mistakes.append(_pass_on(stack, variable, secret))
    if mistakes:
        raise ScriptError("\n".join(mistakes), code=2)
    return keys


def check_new_names(stack: Stack, changes: Sequence[ResourceChange], az: CommandLine) -> None:
    """`ScriptError` if an existing vault already has a secret that the plan creates there.

    Terraform refuses to take over what it did not make, but only after it has made everything before the secrets.
    """
    new = {
        change.name
        for change in changes
        if change.resource_type == "azurerm_key_vault_secret"
        and (change.action is Action.CREATE or "key_vault_id" in change.forced_by)
    }
    if stack.existing_key_vault is None or not new:
        return
    if taken := sorted(KeyVault(az=az, name=stack.key_vault).tags().keys() & new):
        raise ScriptError(
            f"{stack.env} is not deployed: the Key Vault {stack.key_vault}, which exists already, has secrets that the "
            f"plan would create: {', '.join(taken)}. See docs/existing.md#names-in-the-vault."
        )


def _is_given(variable: Variable, keys: Mapping[str, str]) -> bool:
    """Whether a deployment without the vault would write the same value."""
    first = keys[variable.first.environ]
    return keys[variable.environ] == (variable.given or derived_second_key(first))


def _pass_on(stack: Stack, variable: Variable, secret: StoredSecret) -> str:
    show = show_command(secret.vault, secret.name)
    return (
        f"The plan deletes {secret.name} of {secret.vault} and writes it again: a failure in between would lose its "
        f"value. Set {variable.environ} to it and deploy again. In a workflow use the first of these commands:\n"
        f"  {show} | gh secret set {variable.github_secret} --env {stack.env}\n"
        f'  export {variable.environ}="$({show})"'
    )


def _key(variable: Variable, secret: StoredSecret | None, az: CommandLine) -> str:
    given = variable.given
    if secret is None:
        if 0 < len(given) < MIN_LENGTH:
            raise ScriptError(f"{variable.environ} must have at least {MIN_LENGTH} characters. {_GENERATE}", code=2)
        return given
    value = KeyVault(az=az, name=secret.vault).read(secret.name).value
    if given not in {"", value}:
        log(
            f"{variable.environ} differs from {secret.name} in the vault and is ignored. To replace a key use "
            "scripts/rotate.py."
        )
    return value

"""Secrets of a Key Vault; their values pass through stdin and stdout of `az`, never through its arguments or a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from scripts.cli.command_line import Answer, CommandError, CommandLine
from scripts.cli.error_handling import ScriptError

API_VERSION = "7.4"
RESOURCE = "https://vault.azure.net"
MAX_VERSIONS = 10
"""How many earlier versions are searched for another value."""


@dataclass(frozen=True, kw_only=True)
class Secret:
    """The latest version of a secret, with the attributes that Terraform compares."""

    name: str
    value: str = field(repr=False)
    content_type: str | None
    tags: Mapping[str, str] | None


@dataclass(frozen=True, kw_only=True)
class KeyVault:
    """A Key Vault, with the login of `az`."""

    az: CommandLine
    name: str

    def read(self, name: str) -> Secret:
        """The secret of that name."""
        found = self._ask("show", "--vault-name", self.name, "--name", name)
        return Secret(name=name, value=found["value"], content_type=found["contentType"], tags=found["tags"])

    def write(self, secret: Secret, value: str) -> None:
        """A new version with that value and the same attributes.

        Not by `az keyvault secret set`: it drops the content type and adds a tag, and every plan would revert both.
        """
        body = {"value": value, "contentType": secret.content_type, "tags": secret.tags}
        url = f"https://{self.name}.vault.azure.net/secrets/{secret.name}?api-version={API_VERSION}"
        words = ("--method", "put", "--url", url, "--resource", RESOURCE, "--body", "@-")
        try:
            self.az.change("rest", *words, stdin=json.dumps(body))
        except CommandError as failure:
            raise _explained(failure, self.name) from None

    def tags(self) -> dict[str, Mapping[str, str]]:
        """The tags of all secrets, by the secret's name."""
        return {str(secret["name"]): secret["tags"] or {} for secret in self._ask("list", "--vault-name", self.name)}

    def earlier_values(self, secret: Secret) -> Iterator[str]:
        """The values of earlier enabled versions that differ from the latest, the newest first."""
        listed = self._ask("list-versions", "--vault-name", self.name, "--name", secret.name)
        enabled = [version for version in listed if version["attributes"]["enabled"]]
        newest_first = sorted(enabled, key=lambda version: str(version["attributes"]["created"]), reverse=True)
        for version in newest_first[:MAX_VERSIONS]:
            value = str(self._ask("show", "--id", version["id"])["value"])
            if value != secret.value:
                yield value

    def _ask(self, *words: str) -> Answer:
        try:
            return self.az.query("keyvault", "secret", *words)
        except CommandError as failure:
            raise _explained(failure, self.name) from None


def cache_vault_token(az: CommandLine) -> None:
    """Let az get its token for vaults, valid for an hour, while GitHub's token, valid for minutes, still is.

    A missing login is reported when a vault is read. https://github.com/Azure/login/issues/372
    """
    with suppress(ScriptError):
        az.query("account", "get-access-token", "--resource", RESOURCE)


def _explained(failure: CommandError, vault: str) -> ScriptError:
    if failure.is_about({"Forbidden"}):
        return ScriptError(
            f"{failure}\nThis requires the role Key Vault Secrets Officer, which scripts/bootstrap.py assigns to you "
            "and to the deploy identity. A new role takes some minutes."
        )
    if failure.is_about({"Failed to resolve", "SecretNotFound"}):
        return ScriptError(f"{failure}\nIs the environment of {vault} deployed?")
    return failure

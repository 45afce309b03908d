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
VERSIONS = 10
"""How far back a value is looked for that is another one."""


@dataclass(frozen=True, kw_only=True)
class Secret:
    """The newest version of one, with what Terraform keeps an eye on."""

    name: str
    value: str = field(repr=False)
    content_type: str | None
    tags: Mapping[str, str] | None


@dataclass(frozen=True, kw_only=True)
class Vault:
    """A Key Vault, as whoever az is logged in as."""

    az: CommandLine
    name: str

    def read(self, name: str) -> Secret:
        """The secret of that name."""
        found = self._ask("show", "--vault-name", self.name, "--name", name)
        return Secret(name=name, value=found["value"], content_type=found["contentType"], tags=found["tags"])

    def write(self, secret: Secret, value: str) -> None:
        """A new version with that value, and all else as it was.

        Not by `az keyvault secret set`: it drops the content type and adds a tag of its own, and each plan would want
        to take both back.
        """
        body = {"value": value, "contentType": secret.content_type, "tags": secret.tags}
        url = f"https://{self.name}.vault.azure.net/secrets/{secret.name}?api-version={API_VERSION}"
        words = ("--method", "put", "--url", url, "--resource", RESOURCE, "--body", "@-")
        try:
            self.az.change("rest", *words, stdin=json.dumps(body))
        except CommandError as failure:
            raise _explained(failure, self.name) from None

    def before(self, secret: Secret) -> Iterator[str]:
        """The values of earlier versions that are other ones, the newest first."""
        listed = self._ask("list-versions", "--vault-name", self.name, "--name", secret.name)
        enabled = [version for version in listed if version["attributes"]["enabled"]]
        newest_first = sorted(enabled, key=lambda version: str(version["attributes"]["created"]), reverse=True)
        for version in newest_first[:VERSIONS]:
            value = str(self._ask("show", "--id", version["id"])["value"])
            if value != secret.value:
                yield value

    def _ask(self, *words: str) -> Answer:
        try:
            return self.az.ask("keyvault", "secret", *words)
        except CommandError as failure:
            raise _explained(failure, self.name) from None


def remember_login(az: CommandLine) -> None:
    """Let az fetch its token for vaults, which it keeps for an hour; GitHub's, by which it logged in, lasts minutes.

    Who is not logged in is told when a vault is asked. https://github.com/Azure/login/issues/372
    """
    with suppress(ScriptError):
        az.ask("account", "get-access-token", "--resource", RESOURCE)


def _explained(failure: CommandError, vault: str) -> ScriptError:
    if failure.is_about({"Forbidden"}):
        return ScriptError(
            f"{failure}\nThis takes the role Key Vault Secrets Officer, which scripts/bootstrap.py gives to you and to "
            "the deploy identity; a new role takes some minutes."
        )
    if failure.is_about({"Failed to resolve", "SecretNotFound"}):
        return ScriptError(f"{failure}\nIs the environment of {vault} deployed?")
    return failure

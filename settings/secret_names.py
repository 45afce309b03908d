"""What a secret is called: as a variable of Terraform, in its environment, on GitHub, and in the vault."""

from __future__ import annotations

import os
from dataclasses import dataclass

_OURS = "gateway_key"


@dataclass(frozen=True, kw_only=True)
class SecretName:
    """By the name of its variable."""

    name: str

    @property
    def environ(self) -> str:
        """What Terraform reads it from."""
        return f"TF_VAR_{self.name}"

    @property
    def given(self) -> str:
        """The value in this process's environment; a secret that GitHub lacks is an empty variable in a workflow."""
        return os.environ.get(self.environ, "").strip()

    @property
    def github_secret(self) -> str:
        """What it is called among the secrets of a GitHub environment."""
        return f"AI{self.name.upper()}" if self.is_ours else self.name.upper()

    @property
    def vault_secret(self) -> str:
        """What the stack calls it in the Key Vault."""
        return self.name.replace("_", "-")

    @property
    def is_ours(self) -> bool:
        """Whether it is a key of this gateway, which we may make up; the others are Azure's."""
        return self.name.startswith(_OURS)


def gateway_key(project: str | None = None, *, is_second: bool = False) -> SecretName:
    """A project's key; the first project, which is None here, is in no name."""
    parts = (_OURS, project.replace("-", "_") if project else "", "secondary" if is_second else "")
    return SecretName(name="_".join(part for part in parts if part))


def azure_key(upstream: str) -> SecretName:
    """The key of an Azure OpenAI resource."""
    return SecretName(name=f"{upstream.replace('-', '_')}_api_key")


def show_command(vault: str, name: str) -> str:
    """What shows a person the value."""
    return f"az keyvault secret show --vault-name {vault} --name {name} --query value --output tsv"

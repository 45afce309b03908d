"""Names of secrets, and the rule of derived ones: declared here for all of the repository.

A secret's names follow from that of its Terraform variable, `gateway_key_team_a`: `TF_VAR_gateway_key_team_a` for
Terraform, `GATEWAY_KEY_TEAM_A` in the container, `gateway-key-team-a` in the Key Vault, and on GitHub
`AIGATEWAY_KEY_TEAM_A`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

INNER_KEY = "inner-key"
"""The vault secret of the key that both containers of a replica present to each other; it has no variable."""
CLIENT_KEY = "gateway-key"
"""How the vault secrets of clients' keys begin. No upstream may be called so."""
SECONDARY = "secondary"
"""How the names of second keys end. No project may be called so."""
RANDOM = "uuid()"
"""What the inner key is derived from: 122 bits, which Terraform makes anew each time it writes the secret."""
_SECONDARY_SALT = "secondary"
_INNER_SALT = "inner"


@dataclass(frozen=True, kw_only=True)
class SecretName:
    """A secret by the name of its Terraform variable."""

    name: str

    @property
    def environ(self) -> str:
        """The environment variable from which Terraform reads it."""
        return terraform_environ(self.name)

    @property
    def instruction(self) -> str:
        """How a person passes it to Terraform; the last sentence of the variable's description."""
        return f"Set {self.environ}."

    @property
    def given(self) -> str:
        """Its value in this process's environment; empty if unset, as a secret that GitHub lacks is in a workflow."""
        return os.environ.get(self.environ, "").strip()

    @property
    def container_env(self) -> str:
        """The environment variable of the gateway's container."""
        return self.name.upper()

    @property
    def github_secret(self) -> str:
        """The secret of a GitHub environment; GitHub refuses names that begin with GITHUB_."""
        return f"AI{self.name.upper()}" if self.is_ours else self.name.upper()

    @property
    def vault_secret(self) -> str:
        """The secret of the Key Vault, and of the container app."""
        return self.name.replace("_", "-")

    @property
    def first(self) -> "SecretName":
        """Of a second key, the first key of the same project; of another secret, itself."""
        return SecretName(name=self.name.removesuffix(f"_{SECONDARY}"))

    @property
    def is_ours(self) -> bool:
        """Whether it is a client's key of this gateway, which a script may generate; the others are Azure's."""
        return self.vault_secret.startswith(CLIENT_KEY)


def terraform_environ(variable: str) -> str:
    """The environment variable from which Terraform reads one of its variables."""
    return f"TF_VAR_{variable}"


def gateway_key(project: str | None = None, *, is_second: bool = False) -> SecretName:
    """A project's key; the default project, which is None here, is in no name."""
    parts = (CLIENT_KEY, project, SECONDARY if is_second else None)
    return SecretName(name="-".join(part for part in parts if part).replace("-", "_"))


def azure_key(upstream: str) -> SecretName:
    """The API key of an Azure OpenAI resource."""
    return SecretName(name=f"{upstream}-api-key".replace("-", "_"))


def endpoint_env(upstream: str) -> str:
    """The environment variable of the gateway's container that holds a resource's endpoint."""
    return f"{upstream}-endpoint".replace("-", "_").upper()


def show_command(vault: str, name: str) -> str:
    """The command that shows a person the value."""
    return f"az keyvault secret show --vault-name {vault} --name {name} --query value --output tsv"


_PART = re.compile(rf"\$\{{(?:var\.)?((?<=var\.)\w+|{re.escape(RANDOM)})\}}")
_HASH = rf'sha256\("(?P<salt>\w+)(?P<hashed>(?::{_PART.pattern})+)"\)'
_EXPRESSION = re.compile(
    rf"\$\{{var\.(?P<plain>\w+)\}}|\$\{{(?:coalesce\(var\.(?P<optional>\w+), )?{_HASH}(?(optional)\))\}}"
)


def _reference(name: str) -> str:
    return f"${{{name}}}" if name == RANDOM else f"${{var.{name}}}"


@dataclass(frozen=True, kw_only=True)
class SecretValue:
    """A vault secret's value: that of a variable, or a hash of others, or the hash where the variable is unset.

    The hash is SHA-256. Hashed are `salt` and the values of `derived_from`, with colons between them: names of
    variables, or `RANDOM`.
    """

    variable: str | None = None
    derived_from: tuple[str, ...] = ()
    salt: str = ""

    @property
    def expression(self) -> str:
        """The same in Terraform's language; `coalesce` takes the first text that is not empty."""
        if not self.derived_from:
            return f"${{var.{self.variable}}}"
        parts = ":".join([self.salt, *map(_reference, self.derived_from)])
        digest = f'sha256("{parts}")'
        return f"${{coalesce(var.{self.variable}, {digest})}}" if self.variable else f"${{{digest}}}"

    @classmethod
    def parse(cls, expression: str) -> Self:
        """Read what `expression` wrote.

        Raises:
            ValueError: it is another expression.
        """
        found = _EXPRESSION.fullmatch(expression)
        if found is None:
            raise ValueError(f"{expression} is neither a variable nor derived from one")
        names = tuple(_PART.findall(found["hashed"] or ""))
        return cls(variable=found["plain"] or found["optional"], derived_from=names, salt=found["salt"] or "")

    def resolve(self, variables: Mapping[str, str]) -> str:
        """The value, given those of the variables, and of `RANDOM`."""
        if not self.derived_from:
            return variables[str(self.variable)]
        text = ":".join([self.salt, *(variables[name] for name in self.derived_from)])
        return variables.get(self.variable or "") or sha256(text.encode()).hexdigest()

    @property
    def required(self) -> tuple[str, ...]:
        """The variables, and `RANDOM`, without which there is no value."""
        return self.derived_from or (str(self.variable),)

    @property
    def optional(self) -> str | None:
        """The variable that may be left unset."""
        return self.variable if self.derived_from else None


def gateway_key_value(project: str | None = None, *, is_second: bool = False) -> SecretValue:
    """A project's key. A second one that nobody sets is derived from the first, so that nobody can guess it."""
    name = gateway_key(project, is_second=is_second).name
    if not is_second:
        return SecretValue(variable=name)
    return SecretValue(variable=name, derived_from=(gateway_key(project).name,), salt=_SECONDARY_SALT)


def inner_key_value() -> SecretValue:
    """Random, and in no state. See docs/decisions/0024-inner-key.md."""
    return SecretValue(derived_from=(RANDOM,), salt=_INNER_SALT)


def derived_second_key(first: str) -> str:
    """The second key that a deployment makes of a project's first one."""
    return gateway_key_value(is_second=True).resolve({gateway_key().name: first})

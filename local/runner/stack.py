"""Reads a synthesized stack: the containers of its app, and the variables that their secrets are made from."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.runner.errors import RunnerError
from settings.secret_names import SecretValue

_TEMPLATE = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")
"""Terraform's openings of a template, which are escaped in what is only text."""
_VAULT_REFERENCE = re.compile(r"\$\{azurerm_key_vault_secret\.(?P<address>\w+)\.versionless_id\}")


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """An Azure OpenAI resource that the gateway calls, and the environment variables that say where and how.

    Without `key_env` the gateway authenticates with its managed identity.
    """

    name: str
    endpoint_env: str
    priority: int
    key_env: str | None = None


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container of the app; `readiness` is the path of its readiness probe.

    `references` are environment variables whose values Terraform takes from resources, as expressions.
    """

    name: str
    image: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    secrets: Mapping[str, SecretValue]
    references: Mapping[str, str]
    readiness: str


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The two containers, and what the gateway's configuration says of upstreams, models and projects."""

    gateway: Container
    litellm: Container
    upstreams: tuple[Upstream, ...]
    models: tuple[Mapping[str, Any], ...]
    projects: tuple[Mapping[str, Any], ...]
    token_scope: str | None

    @property
    def variables(self) -> tuple[str, ...]:
        """What the containers' secrets need, each once: Terraform variables, and what Terraform makes by chance."""
        return tuple(dict.fromkeys(name for secret in self._secrets for name in secret.required))

    @property
    def optional_variables(self) -> tuple[str, ...]:
        """Those that may be left unset."""
        names = [secret.optional for secret in self._secrets]
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def _secrets(self) -> tuple[SecretValue, ...]:
        return (*self.gateway.secrets.values(), *self.litellm.secrets.values())


def read_stack(path: Path) -> Stack:
    """Read a `cdk.tf.json`.

    Raises:
        RunnerError: there is none, or it is not one of this project.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        stacks = ", ".join(sorted(found.name for found in path.parents[1].glob("*/"))) or "none"
        message = f"{path} does not exist. Run `python main.py` to synthesize the stacks (found: {stacks})."
        raise RunnerError(message) from None
    except ValueError as broken:
        raise RunnerError(f"{path} is not JSON ({broken}). Run `python main.py` to write it anew.") from None
    try:
        return _stack(document["resource"])
    except (KeyError, TypeError, ValueError) as missing:
        message = f"{path} does not describe a gateway: {type(missing).__name__} {missing}. Run `python main.py`."
        raise RunnerError(message) from None


def _stack(resources: Mapping[str, Any]) -> Stack:
    (app,) = resources["azurerm_container_app"].values()
    written = resources["azurerm_key_vault_secret"].items()
    vault = {address: SecretValue.parse(secret["value_wo"]) for address, secret in written}
    secrets = {
        secret["name"]: vault[_group(_VAULT_REFERENCE, secret["key_vault_secret_id"], "address")]
        for secret in app["secret"]
    }
    containers = {container["name"]: _container(container, secrets) for container in app["template"]["container"]}
    configuration = json.loads(containers["gateway"].env["GATEWAY_CONFIG"])
    return Stack(
        gateway=containers["gateway"],
        litellm=containers["litellm"],
        upstreams=tuple(Upstream(**upstream) for upstream in configuration["upstreams"]),
        models=tuple(configuration["models"]),
        projects=tuple(configuration["projects"]),
        token_scope=configuration.get("token_scope"),
    )


def _container(container: Mapping[str, Any], secrets: Mapping[str, SecretValue]) -> Container:
    env = container["env"]
    values = {entry["name"]: entry["value"] for entry in env if "value" in entry}
    return Container(
        name=container["name"],
        image=unescape(container["image"]),
        command=tuple(unescape(part) for part in container["command"]),
        env={name: unescape(value) for name, value in values.items() if not _TEMPLATE.search(value)},
        references={name: value for name, value in values.items() if _TEMPLATE.search(value)},
        secrets={entry["name"]: secrets[entry["secret_name"]] for entry in env if "secret_name" in entry},
        readiness=container["readiness_probe"][0]["path"],
    )


def _group(pattern: re.Pattern[str], text: str, group: str) -> str:
    match = pattern.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} does not look like {pattern.pattern}")
    return match[group]


def unescape(text: str) -> str:
    """Terraform's escapes of template openings, undone."""
    return text.replace("$${", "${").replace("%%{", "%{")

"""The secrets of a stack: the settings' projects and upstreams, each with its keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from settings.environment import EnvironmentSettings
from settings.secret_names import (
    INNER_KEY,
    SecretName,
    SecretValue,
    azure_key,
    gateway_key,
    gateway_key_value,
    inner_key_value,
)


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A Key Vault secret, and where its value comes from."""

    name: str
    description: str
    value: SecretValue


def build_project_keys(settings: EnvironmentSettings) -> Mapping[str, tuple[SecretName, SecretName]]:
    """Both keys of each project: either authenticates, so that one can be replaced while the other is in use.

    The default project's are called as if there were no other.
    """
    return {
        project: (gateway_key(suffix), gateway_key(suffix, is_second=True))
        for project, suffix in _suffixes(settings).items()
    }


def build_secrets(settings: EnvironmentSettings) -> tuple[Secret, ...]:
    """Every secret of the stack, in an order that stays: a changed one is a perpetual diff (azurerm #31376)."""
    first, *others = (_project_secrets(project, suffix) for project, suffix in _suffixes(settings).items())
    upstreams = tuple(
        Secret(
            name=azure_key(upstream.name).vault_secret,
            description=f"The API key of the Azure OpenAI resource '{upstream.name}'.",
            value=SecretValue(variable=azure_key(upstream.name).name),
        )
        for upstream in settings.all_upstreams
        if settings.uses_key(upstream)
    )
    inner = Secret(
        name=INNER_KEY,
        description="What the two containers of a replica present to each other.",
        value=inner_key_value(),
    )
    return (*first, inner, *upstreams, *(secret for secrets in others for secret in secrets))


def _suffixes(settings: EnvironmentSettings) -> dict[str, str | None]:
    """What each project's keys have in their names: nothing for the default, which comes first."""
    return {name: None if name == settings.default_project else name for name in settings.all_projects}


def _project_secrets(project: str, suffix: str | None) -> tuple[Secret, Secret]:
    return (
        Secret(
            name=gateway_key(suffix).vault_secret,
            description=f"The key that clients of the project '{project}' present.",
            value=gateway_key_value(suffix),
        ),
        Secret(
            name=gateway_key(suffix, is_second=True).vault_secret,
            description=f"A second key of the project '{project}', for the time of a rotation; may be left unset.",
            value=gateway_key_value(suffix, is_second=True),
        ),
    )

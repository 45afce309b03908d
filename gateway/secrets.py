"""The secrets of a stack: where each one comes from, and under which name it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.upstreams import build_upstreams
from settings.environment import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A Key Vault secret: the value of a Terraform variable, or what is derived from others, or the first of both.

    Derived is the SHA-256 of `salt` and the values of the variables `derived_from`, all with colons between them.
    """

    name: str
    description: str
    variable: str | None = None
    derived_from: tuple[str, ...] = ()
    salt: str = ""


INNER_KEY = "inner-key"


@dataclass(frozen=True, kw_only=True)
class ProjectKeys:
    """Both keys of a project open the door, so that one can be replaced while the other is in use."""

    primary: Secret
    secondary: Secret

    @property
    def env(self) -> Mapping[str, Secret]:
        """The environment variables of the gateway that hold them."""
        return {str(secret.variable).upper(): secret for secret in (self.primary, self.secondary)}


def build_project_keys(settings: EnvironmentSettings) -> Mapping[str, ProjectKeys]:
    """The keys of each project; the first one's are called as if there were no other."""
    return {
        project: _project_keys(project, suffix=f"-{project}" if number else "")
        for number, project in enumerate(settings.all_projects)
    }


def _project_keys(project: str, *, suffix: str) -> ProjectKeys:
    name = f"gateway-key{suffix}"
    variable = name.replace("-", "_")
    return ProjectKeys(
        primary=Secret(
            name=name, variable=variable, description=f"The key that clients of the project '{project}' present."
        ),
        secondary=Secret(
            name=f"{name}-secondary",
            variable=f"{variable}_secondary",
            description=f"A second key of the project '{project}', for the time of a rotation; may be left unset.",
            derived_from=(variable,),
            salt="secondary",
        ),
    )


def build_secrets(settings: EnvironmentSettings) -> tuple[Secret, ...]:
    """Every secret of the stack, in an order that stays: a changed one is a perpetual diff (azurerm #31376)."""
    first, *others = (tuple(keys.env.values()) for keys in build_project_keys(settings).values())
    upstreams = tuple(
        Secret(
            name=upstream.key_secret,
            variable=upstream.key_variable,
            description=f"The API key of the Azure OpenAI resource '{upstream.name}'.",
        )
        for upstream in build_upstreams(settings)
    )
    return (*first, _inner_key(first[0], upstreams[0]), *upstreams, *(secret for keys in others for secret in keys))


def _inner_key(gateway_key: Secret, azures: Secret) -> Secret:
    """Of no variable of its own; and not of the gateway key alone, from which every client could compute it."""
    return Secret(
        name=INNER_KEY,
        description="What the two containers of a replica present to each other.",
        derived_from=(str(gateway_key.variable), str(azures.variable)),
        salt="inner",
    )

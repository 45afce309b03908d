"""The Azure OpenAI resources behind the gateway, with the names under which their endpoints and keys travel."""

from dataclasses import dataclass

from settings.environment import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """One Azure OpenAI resource; everything that is called after it is called after its name."""

    name: str
    endpoint: str
    priority: int

    @property
    def _prefix(self) -> str:
        return self.name.replace("-", "_")

    @property
    def endpoint_env(self) -> str:
        return f"{self._prefix}_endpoint".upper()

    @property
    def key_env(self) -> str:
        return self.key_variable.upper()

    @property
    def key_variable(self) -> str:
        return f"{self._prefix}_api_key"

    @property
    def key_secret(self) -> str:
        return f"{self.name}-api-key"


def build_upstreams(settings: EnvironmentSettings) -> tuple[Upstream, ...]:
    """In the order of the settings: one resource, or two when the embeddings have their own, or one per region."""
    return tuple(
        Upstream(name=upstream.name, endpoint=upstream.endpoint, priority=upstream.priority)
        for upstream in settings.all_upstreams
    )


def upstreams_of(deployment: str, settings: EnvironmentSettings) -> list[str]:
    """The names of those that have a deployment, by priority."""
    upstreams = sorted(settings.all_upstreams, key=lambda upstream: upstream.priority)
    return [upstream.name for upstream in upstreams if upstream.serves(deployment)]

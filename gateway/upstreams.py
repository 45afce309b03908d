"""The Azure OpenAI resources behind the gateway, and the models they serve."""

from dataclasses import dataclass
from typing import Literal

from settings import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """One Azure OpenAI resource; `prefix` begins the names of its environment variables."""

    name: str
    endpoint: str
    prefix: str

    @property
    def endpoint_env(self) -> str:
        return f"{self.prefix}_ENDPOINT"

    @property
    def key_env(self) -> str:
        return f"{self.prefix}_API_KEY"

    @property
    def key_secret(self) -> str:
        return f"{self.name}-api-key"

    @property
    def key_variable(self) -> str:
        return self.key_env.lower()


@dataclass(frozen=True, kw_only=True)
class Model:
    """A deployment; clients know it by its own name. `dimension` is an embedding's length."""

    name: str
    kind: Literal["responses", "embeddings"]
    api_version: str
    upstream: str
    dimension: int | None = None


def build_upstreams(settings: EnvironmentSettings) -> tuple[Upstream, ...]:
    """One resource, or two when the embeddings have their own."""
    main = Upstream(name="azure-openai", endpoint=settings.azure_openai.endpoint, prefix="AZURE_OPENAI")
    if settings.embeddings.endpoint is None:
        return (main,)
    own = Upstream(
        name="azure-openai-embeddings",
        endpoint=settings.embeddings.endpoint,
        prefix="AZURE_OPENAI_EMBEDDINGS",
    )
    return (main, own)


def build_models(settings: EnvironmentSettings) -> tuple[Model, ...]:
    """The codex model and the embeddings, each with the API version the settings give it."""
    upstreams = build_upstreams(settings)
    return (
        Model(
            name=settings.codex.model,
            kind="responses",
            api_version=settings.codex.api_version,
            upstream=upstreams[0].name,
        ),
        Model(
            name=settings.embeddings.deployment,
            kind="embeddings",
            api_version=settings.embeddings.api_version,
            upstream=upstreams[-1].name,
            dimension=settings.embeddings.dimension,
        ),
    )

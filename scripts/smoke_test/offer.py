"""What the settings promise a project's clients, and what things are called where a failure has to be looked for."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.azure.offers import settings_of, usable_in
from settings.azure_openai import Upstream
from settings.environment import EnvironmentSettings
from settings.models import Model
from settings.secret_names import SecretName, gateway_key


@dataclass(frozen=True, kw_only=True)
class Served:
    """A model, and where it comes from."""

    model: Model
    table: str
    """The table of the settings that names it."""
    upstreams: tuple[Upstream, ...]

    @property
    def translated_chat(self) -> bool:
        """Whether LiteLLM stands between its chat completions and Azure."""
        return self.model.translate or self.model.kind == "responses"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A project of an environment."""

    env: str
    project: str
    is_default: bool
    served: tuple[Served, ...]
    container_app: str
    resource_group: str
    key_vault: str

    @property
    def key(self) -> SecretName:
        """What the project's key is called."""
        return gateway_key(None if self.is_default else self.project)


def offer_of(env: str, *, project: str | None = None) -> Offer:
    """What the environment offers the project, by default its first one; `ScriptError` if there is no such."""
    settings = settings_of(env)
    name, models = usable_in(settings, project=project)
    return Offer(
        env=env,
        project=name,
        is_default=name == next(iter(settings.all_projects)),
        served=tuple(_served(model, settings) for model in models),
        container_app=settings.naming.name("container_app"),
        resource_group=settings.naming.name("resource_group"),
        key_vault=settings.naming.name("key_vault"),
    )


def _served(model: Model, settings: EnvironmentSettings) -> Served:
    tables = {settings.codex.model: "[codex]", settings.embeddings.model: "[embeddings]"}
    upstreams = tuple(upstream for upstream in settings.all_upstreams if upstream.serves(model.deployment))
    return Served(model=model, table=tables.get(model.name, "[[models]]"), upstreams=upstreams)

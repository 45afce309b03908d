"""What is tested: a project of an environment, its models, and what their Azure resources are called."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.cli.settings import models_of, settings_of
from settings.environment import EnvironmentSettings
from settings.models import Model
from settings.secret_names import SecretName, azure_key, gateway_key


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A model of the gateway, the table of the settings that names it, and the upstreams that have it.

    `azure_keys` are those of upstreams that are called with one.
    """

    model: Model
    table: str
    endpoints: tuple[str, ...]
    azure_keys: tuple[SecretName, ...]

    @property
    def translated_chat(self) -> bool:
        """Whether LiteLLM translates its chat completions."""
        return self.model.translate or self.model.kind == "responses"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A project of an environment."""

    env: str
    project: str
    key: SecretName
    deployments: tuple[Deployment, ...]
    container_app: str
    resource_group: str
    key_vault: str


def target_of(env: str, *, project: str | None = None) -> Target:
    """The project, or the default one. `ScriptError` if the environment or the project does not exist."""
    return target_in(settings_of(env), project=project)


def targets_of(env: str) -> list[Target]:
    """The default project, and each other one that has a model which those before it do not have."""
    settings, targets, tested = settings_of(env), list[Target](), set[str]()
    for project in settings.all_projects:
        target = target_in(settings, project=project)
        models = {deployment.model.name for deployment in target.deployments}
        if not targets or not models <= tested:
            targets.append(target)
        tested |= models
    return targets


def target_in(settings: EnvironmentSettings, *, project: str | None = None) -> Target:
    """The same in these settings."""
    name, models = models_of(settings, project=project)
    return Target(
        env=settings.env,
        project=name,
        key=gateway_key(None if name == settings.default_project else name),
        deployments=tuple(_deployment(model, settings) for model in models),
        container_app=settings.naming.name("container_app"),
        resource_group=settings.resource_group,
        key_vault=settings.key_vault_name,
    )


def _deployment(model: Model, settings: EnvironmentSettings) -> Deployment:
    tables = {settings.codex.model: "[codex]", settings.embeddings.model: "[embeddings]"}
    upstreams = tuple(upstream for upstream in settings.all_upstreams if upstream.serves(model.deployment))
    return Deployment(
        model=model,
        table=tables.get(model.name, "[[models]]"),
        endpoints=tuple(settings.endpoint_of(upstream) for upstream in upstreams),
        azure_keys=tuple(azure_key(upstream.name) for upstream in upstreams if settings.uses_key(upstream)),
    )

"""The settings of the environments, with mistakes in them as a `ScriptError`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from settings import dates
from settings.environment import EnvironmentSettings
from settings.errors import SettingsError
from settings.loading import load_environments
from settings.models import Model


def all_settings() -> dict[str, EnvironmentSettings]:
    """Those of every environment, by name."""
    try:
        return {settings.env: settings for settings in load_environments()}
    except SettingsError as error:
        raise ScriptError(str(error), code=2) from None


def settings_of(env: str) -> EnvironmentSettings:
    """Those of one environment."""
    environments = all_settings()
    if env not in environments:
        raise ScriptError(f"There is no environment {env!r}; there are {', '.join(environments)}.", code=2)
    return environments[env]


def today() -> date:
    """The day of the synthesis."""
    try:
        return dates.today(os.environ)
    except SettingsError as error:
        raise ScriptError(str(error), code=2) from None


def models_of(settings: EnvironmentSettings, *, project: str | None = None) -> tuple[str, list[Model]]:
    """A project, or the default one, and the models that it may use."""
    projects = settings.all_projects
    name = project or settings.default_project
    if name not in projects:
        raise ScriptError(f"There is no project {name!r} in {settings.env}; there are {', '.join(projects)}.", code=2)
    allowed = projects[name].models
    return name, [model for model in settings.all_models if allowed is None or model.name in allowed]


def log_endpoints(envs: Sequence[str] | None) -> None:
    """Log which Azure OpenAI these environments, or all, send prompts and keys to, and whether it is the default."""
    for env, settings in all_settings().items():
        if envs is None or env in envs:
            log(describe_endpoints(settings))


def describe_endpoints(settings: EnvironmentSettings) -> str:
    """The Azure OpenAI of an environment; a warning if nobody has named it."""
    endpoints = ", ".join(map(settings.endpoint_of, settings.all_upstreams))
    line = f"{settings.env} uses Azure OpenAI at {endpoints}"
    if names_endpoint(settings):
        return line
    return f"WARNING: {line}, the default: settings/environments/{settings.env}.toml names none"


def names_endpoint(settings: EnvironmentSettings) -> bool:
    """Whether somebody has chosen the Azure OpenAI: prompts and keys should not go to a default by oversight."""
    return bool(settings.upstreams) or "endpoint" in settings.azure_openai.model_fields_set


def require_endpoints(envs: Sequence[str] | None, *, unless: str = "") -> None:
    """`ScriptError` for those of these environments, or of all, that would use the repository's default.

    `unless` is the option that allows it, if there is one.
    """
    selected = all_settings().values() if envs is None else map(settings_of, envs)
    if unnamed := [settings.env for settings in selected if not names_endpoint(settings)]:
        raise ScriptError(
            f"No Azure OpenAI is named for {', '.join(unnamed)}: the repository's default would get prompts and keys. "
            "Set azure_openai.endpoint, or [[upstreams]], in settings/environments/"
            + (f"; to use the default, add {unless}." if unless else "."),
            code=2,
        )

"""What the settings of an environment offer to a project, and the address where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log

if TYPE_CHECKING:
    from settings.environment import EnvironmentSettings
    from settings.models import Model


def normalized(url: str) -> str:
    """The address with `/v1` and no slash after it: Roo would ask for `/v1//models`."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # of the port
        fits = False
    if not fits or parts.query or parts.fragment:
        raise ScriptError(f"--base-url {url}: must be http(s)://HOST/v1, without anything after it.", code=2)
    if parts.path.rstrip("/") not in {"", "/v1"}:
        raise ScriptError(f"--base-url {url}: its path must be /v1, and is {parts.path}.", code=2)
    return f"{parts.scheme}://{parts.netloc}/v1"


def all_settings() -> dict[str, EnvironmentSettings]:
    """Those of every environment; `ScriptError` with all mistakes in them."""
    from settings.errors import SettingsError
    from settings.loading import load_environments

    try:
        return {settings.env: settings for settings in load_environments()}
    except SettingsError as error:
        raise ScriptError(str(error), code=2) from None


def settings_of(env: str) -> EnvironmentSettings:
    """The environment's settings; `ScriptError` with those that there are."""
    environments = all_settings()
    if env not in environments:
        raise ScriptError(f"There is no environment {env!r}; there are {', '.join(environments)}.", code=2)
    return environments[env]


def asks(settings: EnvironmentSettings) -> str:
    """In a line, and whether somebody named it."""
    named = settings.upstreams or "endpoint" in settings.azure_openai.model_fields_set
    default = "" if named else f", the default: settings/environments/{settings.env}.toml names none"
    return f"{settings.env} asks {', '.join(upstream.endpoint for upstream in settings.all_upstreams)}{default}"


def tell_where_models_are(envs: Sequence[str] | None) -> None:
    """Whose Azure OpenAI each environment asks, before a prompt or a key goes to somebody else's."""
    for env, settings in all_settings().items():
        if envs is None or env in envs:
            log(asks(settings))


def usable_in(settings: EnvironmentSettings, *, project: str | None = None) -> tuple[str, list[Model]]:
    """The project, by default the first one, and its models."""
    projects = settings.all_projects
    name = project or next(iter(projects))
    if name not in projects:
        raise ScriptError(f"There is no project {name!r} in {settings.env}; there are {', '.join(projects)}.", code=2)
    allowed = projects[name].models
    return name, [model for model in settings.all_models if allowed is None or model.name in allowed]

"""The gateway's configuration: one JSON document, without secrets."""

import json
from datetime import UTC, date, datetime, time

from gateway.runtime.configuration import Model
from gateway.secrets import build_project_keys
from settings.environment import EnvironmentSettings
from settings.model_facts import facts_of
from settings.models import Model as ModelSettings
from settings.models import day_of
from settings.secret_names import azure_key, endpoint_env
from settings.upstreams import Upstream

# What the runtime reads of a model; the dimension is for the emulator (local/), which reads this document, too.
_OF_A_MODEL = {*Model.__dataclass_fields__, "dimension"} - {"upstreams"}
# "Starting in August 2025": https://learn.microsoft.com/azure/ai-services/openai/api-version-lifecycle
_V1_RELEASED = date(2025, 8, 1)


def render_gateway_config(settings: EnvironmentSettings) -> str:
    """The document that `runtime/configuration.py` reads; secrets and endpoints are named, not told."""
    document: dict[str, object] = {
        "name": settings.naming.name("container_app"),
        "upstreams": [_upstream(upstream, settings) for upstream in settings.all_upstreams],
        "models": [
            {
                **model.model_dump(include=_OF_A_MODEL, exclude_none=True),
                "created": _created(model),
                "upstreams": _upstreams_of(model.deployment, settings),
            }
            for model in settings.all_models
        ],
        "projects": [
            {
                "name": name,
                "key_envs": [key.container_env for key in keys],
                **settings.all_projects[name].model_dump(exclude={"default"}),
            }
            for name, keys in build_project_keys(settings).items()
        ],
        "timeouts": settings.timeouts.model_dump(),
        "retries": settings.retries.model_dump(),
        "circuit_breaker": settings.circuit_breaker.model_dump(),
        "limits": settings.limits.model_dump(),
        "log_client_address": settings.logs.client_address,
    }
    if settings.uses_managed_identity:
        document["token_scope"] = settings.azure_openai.token_scope
    if settings.observability.application_insights:
        document["telemetry"] = {"sampling_percent": settings.observability.sampling_percent}
    return "{\n" + ",\n".join(f'"{name}": {_lines(part)}' for name, part in document.items()) + "\n}"


def _upstream(upstream: Upstream, settings: EnvironmentSettings) -> dict[str, object]:
    """Without `key_env`, the gateway authenticates with its managed identity."""
    key = {"key_env": azure_key(upstream.name).container_env} if settings.uses_key(upstream) else {}
    return {
        "name": upstream.name,
        "endpoint_env": endpoint_env(upstream.name),
        **key,
        "priority": upstream.priority,
    }


def _upstreams_of(deployment: str, settings: EnvironmentSettings) -> list[str]:
    """The names of those that have a deployment, by priority."""
    upstreams = sorted(settings.all_upstreams, key=lambda upstream: upstream.priority)
    return [upstream.name for upstream in upstreams if upstream.serves(deployment)]


def _created(model: ModelSettings) -> int:
    """When the model was released, as clients read it; if that is unknown, the API that it speaks. It never changes."""
    day = facts_of(model.base_model).released or day_of(model.api_version) or _V1_RELEASED
    return int(datetime.combine(day, time(), UTC).timestamp())


def _lines(part: object) -> str:
    """JSON with one line per item of a list: short, and a change of one is seen as that in a plan."""
    if not isinstance(part, list):
        return json.dumps(part)
    return "[\n " + ",\n ".join(json.dumps(item) for item in part) + "\n]"

"""The gateway's configuration: one JSON document, without secrets."""

import json

from gateway.secrets import build_project_keys
from gateway.upstreams import build_upstreams, upstreams_of
from settings.environment import EnvironmentSettings


def render_gateway_config(settings: EnvironmentSettings) -> str:
    """The document that `runtime/configuration.py` reads; secrets and endpoints are named, not told."""
    document = {
        "upstreams": [
            {
                "name": upstream.name,
                "endpoint_env": upstream.endpoint_env,
                "key_env": upstream.key_env,
                "priority": upstream.priority,
            }
            for upstream in build_upstreams(settings)
        ],
        "models": [
            {**model.model_dump(), "upstreams": upstreams_of(model.deployment, settings)}
            for model in settings.all_models
        ],
        "projects": [
            {"name": name, "key_envs": [*keys.env], **settings.all_projects[name].model_dump()}
            for name, keys in build_project_keys(settings).items()
        ],
        "timeouts": settings.timeouts.model_dump(),
        "retries": settings.retries.model_dump(),
        "circuit_breaker": settings.circuit_breaker.model_dump(),
        "limits": settings.limits.model_dump(),
    }
    return "{\n" + ",\n".join(f'"{name}": {_lines(part)}' for name, part in document.items()) + "\n}"


def _lines(part: object) -> str:
    """JSON with one line per item of a list: short, and a change of one is seen as that in a plan."""
    if not isinstance(part, list):
        return json.dumps(part)
    return "[\n " + ",\n ".join(json.dumps(item) for item in part) + "\n]"

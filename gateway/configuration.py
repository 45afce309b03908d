"""What the gateway is told by its environment: one JSON document without secrets, and one variable per module."""

import json
from importlib import resources

from gateway.upstreams import build_models, build_upstreams
from settings import EnvironmentSettings


def render_gateway_config(settings: EnvironmentSettings) -> str:
    """The document that `runtime/configuration.py` reads; secrets and endpoints are named, not told."""
    document = {
        "upstreams": [
            {"name": upstream.name, "endpoint_env": upstream.endpoint_env, "key_env": upstream.key_env}
            for upstream in build_upstreams(settings)
        ],
        "models": [
            {
                "name": model.name,
                "deployment": model.name,
                "kind": model.kind,
                "api_version": model.api_version,
                "upstream": model.upstream,
                "dimension": model.dimension,
            }
            for model in build_models(settings)
        ],
        "timeouts": settings.timeouts.model_dump(),
        "retries": settings.retries.model_dump(),
        "limits": settings.limits.model_dump(),
    }
    return json.dumps(document, indent=1)


def read_runtime_modules() -> dict[str, str]:
    """The source of each module of `gateway/runtime`, by the environment variable that carries it."""
    files = resources.files("gateway.runtime").iterdir()
    modules = sorted((file.name, file) for file in files if file.name.endswith(".py"))
    return {
        f"RUNTIME_{name.removesuffix('.py').upper()}_PY": file.read_text(encoding="utf-8") for name, file in modules
    }

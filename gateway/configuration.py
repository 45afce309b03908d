"""What the gateway is told by its environment: one JSON document without secrets, and one variable per module."""

import ast
import json
from functools import cache
from importlib import resources

from gateway.secrets import build_project_keys
from gateway.upstreams import build_upstreams, upstreams_of
from settings import EnvironmentSettings


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


def read_runtime_modules() -> dict[str, str]:
    """The source of each module of `gateway/runtime`, by the environment variable that carries it."""
    files = resources.files("gateway.runtime").iterdir()
    modules = sorted((file.name, file) for file in files if file.name.endswith(".py"))
    return {
        f"RUNTIME_{name.removesuffix('.py').upper()}_PY": without_docstrings(file.read_text(encoding="utf-8"))
        for name, file in modules
    }


@cache  # every stack has the same modules
def without_docstrings(source: str) -> str:
    """The same code with empty lines where its docstrings were: every line keeps its number.

    A container's environment has little room (docs/decisions/0009-what-travels.md).
    """
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        texts = [statement for statement in body if _is_text(statement)]
        for text in texts:
            place = slice(text.lineno - 1, text.end_lineno)
            lines[place] = [""] * len(lines[place])
        if texts == body and texts and not isinstance(node, ast.Module):
            lines[texts[0].lineno - 1] = f"{' ' * texts[0].col_offset}..."
    return "\n".join(lines)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )

"""The routes that exist; everything else is 404.

OpenAI's, with and without `/v1`, since clients are given the bare host as often as the base URL, and those of Azure
that LiteLLM calls. Paths are matched as they came, undecoded, so that no spelling of a path opens another one.
"""

import re
from dataclasses import dataclass

from .exchange import Surface

_SURFACES = {
    "/responses": Surface.RESPONSES,
    "/chat/completions": Surface.CHAT,
    "/embeddings": Surface.EMBEDDINGS,
}
_AZURE_EMBEDDINGS = re.compile(r"/openai/deployments/(?P<deployment>[A-Za-z0-9._-]+)/embeddings")
HEALTH = frozenset({"/health/liveness", "/health/readiness"})


@dataclass(frozen=True)
class Route:
    """A place to knock at; without a surface it lists the models."""

    name: str
    surface: Surface | None = None
    is_azure: bool = False
    deployment: str | None = None


_LIST = Route("models")
_AZURE_RESPONSES = Route("openai/responses", Surface.RESPONSES, is_azure=True)
_PUBLIC = {path: Route(path.removeprefix("/"), surface) for path, surface in _SURFACES.items()}


def find_route(method: str, path: str) -> Route | None:
    """Return the route of this method and raw path, or None."""
    if method == "GET":
        return _LIST if path in ("/models", "/v1/models") else None
    if method != "POST":
        return None
    if path == "/openai/responses":
        return _AZURE_RESPONSES
    if match := _AZURE_EMBEDDINGS.fullmatch(path):
        return Route("openai/embeddings", Surface.EMBEDDINGS, is_azure=True, deployment=match["deployment"])
    return _PUBLIC.get(path.removeprefix("/v1"))

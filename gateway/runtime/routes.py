"""The routes that exist; everything else is 404.

OpenAI's, with and without `/v1`, since clients are given the bare host as often as the base URL, and Azure's own forms.
Roo asks `/v1/v1/responses` after a failure and shows what that answers. Paths are matched as they came, undecoded, so
that no spelling of a path opens another one.
"""

import re
from dataclasses import dataclass

from .exchange import Surface

LIVENESS = "/health/liveness"
READINESS = "/health/readiness"


@dataclass(frozen=True)
class Route:
    """A place to knock at, and what its path names; without a surface it tells of the models."""

    name: str
    surface: Surface | None = None
    is_azure: bool = False
    deployment: str | None = None
    model: str | None = None


_MODELS = Route("models")
_MODEL = re.compile(r"(?:/v1)?/models/([A-Za-z0-9._-]+)")
_SURFACES = {
    "/responses": Surface.RESPONSES,
    "/responses/compact": Surface.COMPACT,
    "/chat/completions": Surface.CHAT,
    "/embeddings": Surface.EMBEDDINGS,
}
_POSTED = {
    **{prefix + path: Route(path[1:], surface) for path, surface in _SURFACES.items() for prefix in ("", "/v1")},
    "/v1/v1/responses": Route("responses", Surface.RESPONSES),
    "/openai/responses": Route("openai/responses", Surface.RESPONSES, is_azure=True),
    "/openai/responses/compact": Route("openai/responses/compact", Surface.COMPACT, is_azure=True),
}
_DEPLOYMENT = re.compile(r"/openai/deployments/([A-Za-z0-9._-]+)(/chat/completions|/embeddings)")


def find_route(method: str, path: str) -> Route | None:
    """Return the route of this method and raw path, or None."""
    if method == "GET":
        if path in ("/models", "/v1/models"):
            return _MODELS
        found = _MODEL.fullmatch(path)
        return Route("models/{id}", model=found[1]) if found else None
    if method != "POST":
        return None
    if found := _DEPLOYMENT.fullmatch(path):
        return Route(f"openai{found[2]}", _SURFACES[found[2]], is_azure=True, deployment=found[1])
    return _POSTED.get(path)

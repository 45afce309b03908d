"""The routes of the gateway; everything else is 404.

OpenAI's routes exist with and without `/v1`, because clients are configured with the bare host as often as with the
base URL. Azure's own routes exist, too. Roo calls `/v1/v1/responses` after a failure and shows that response. Paths are
matched undecoded, so that no other spelling reaches a route.
"""

import re
from dataclasses import dataclass

from .context import Surface

LIVENESS = "/health/liveness"
READINESS = "/health/readiness"


@dataclass(frozen=True)
class Route:
    """A route and what its path names. A route without a surface describes the models."""

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
_POST_ROUTES = {
    **{prefix + path: Route(path[1:], surface) for path, surface in _SURFACES.items() for prefix in ("", "/v1")},
    "/v1/v1/responses": Route("responses", Surface.RESPONSES),
    "/openai/responses": Route("openai/responses", Surface.RESPONSES, is_azure=True),
    "/openai/responses/compact": Route("openai/responses/compact", Surface.COMPACT, is_azure=True),
}
_DEPLOYMENT = re.compile(r"/openai/deployments/([A-Za-z0-9._-]+)(/chat/completions|/embeddings)")


def find_route(method: str, path: str) -> Route | None:
    """Return the route of this method and undecoded path, or None."""
    if method == "GET":
        if path in ("/models", "/v1/models"):
            return _MODELS
        match = _MODEL.fullmatch(path)
        return Route("models/{id}", model=match[1]) if match else None
    if method != "POST":
        return None
    if match := _DEPLOYMENT.fullmatch(path):
        return Route(f"openai{match[2]}", _SURFACES[match[2]], is_azure=True, deployment=match[1])
    return _POST_ROUTES.get(path)

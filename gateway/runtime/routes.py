"""The routes of the gateway; everything else is 404, and another method of a route 405.

OpenAI's routes exist with and without `/v1`, because clients are configured with the bare host as often as with the
base URL, and after `/openai/v1`, which is Azure's own v1 form. Azure's dated routes exist, too. Roo calls
`/v1/v1/responses` after a failure and shows that response.

Paths are matched undecoded, so that no other spelling reaches a route, except that empty segments count as absent: a
base URL that ends in a slash makes `/v1//models`. HEAD is GET without a body.
https://www.rfc-editor.org/rfc/rfc9110#name-head
https://learn.microsoft.com/azure/ai-services/openai/reference
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .context import StoredOperation, Surface

LIVENESS = "/health/liveness"
READINESS = "/health/readiness"
RESPONSE_ID = "resp[A-Za-z0-9_-]{1,250}"


@dataclass(frozen=True)
class Route:
    """A route and what its path names. One without a surface and an operation describes the models."""

    name: str
    surface: Surface | None = None
    is_azure: bool = False
    deployment: str | None = None
    model: str | None = None
    operation: StoredOperation | None = None


_AZURE = "/openai"
_BASE = re.compile(r"(/openai/v1|/openai|/v1|)(/.+)")
_MODEL = re.compile(r"/models/([A-Za-z0-9._-]+)")
_STORED = re.compile(rf"/responses/({RESPONSE_ID})(/cancel|/input_items|)")
_DEPLOYMENT = re.compile(r"/deployments/([A-Za-z0-9._-]+)(/chat/completions|/embeddings)")
_SURFACES = {str(surface): surface for surface in Surface}
_STORED_METHODS = {"": ("GET", "DELETE"), "/cancel": ("POST",), "/input_items": ("GET",)}


def find_route(method: str, path: str) -> Route | None:
    """Return the route of this method and undecoded path, or None."""
    return _find_routes(path).get("GET" if method == "HEAD" else method)


def allowed_methods(path: str) -> tuple[str, ...]:
    """Return the methods that this path has; none if there is no such route."""
    methods = tuple(_find_routes(path))
    return ("HEAD", *methods) if "GET" in methods else methods


def _find_routes(path: str) -> Mapping[str, Route]:
    """Return the routes of a path by method."""
    found = _BASE.fullmatch("/" + "/".join(filter(None, path.split("/")))) if path.startswith("/") else None
    if not found:
        return {}
    base, path = found.groups()
    is_azure = base.startswith(_AZURE)
    prefix = base[1:] if is_azure else ""
    if path == "/models":
        return {"GET": Route(f"{prefix}/models".lstrip("/"), is_azure=is_azure)}
    if match := _MODEL.fullmatch(path):
        return {"GET": Route(f"{prefix}/models/{{id}}".lstrip("/"), is_azure=is_azure, model=match[1])}
    if match := _STORED.fullmatch(path):
        name = f"{prefix}/responses/{{id}}{match[2]}".lstrip("/")
        return {
            method: Route(name, is_azure=is_azure, operation=StoredOperation(method, match[1], match[2]))
            for method in _STORED_METHODS[match[2]]
        }
    if base == _AZURE and (match := _DEPLOYMENT.fullmatch(path)):
        return {"POST": Route(f"openai{match[2]}", _SURFACES[match[2]], is_azure=True, deployment=match[1])}
    if (base, path) == ("/v1", "/v1/responses"):
        path = "/responses"
    surface = _SURFACES.get(path)
    if surface is None or (base == _AZURE and not path.startswith("/responses")):
        return {}
    return {"POST": Route(f"{prefix}{path}".lstrip("/"), surface, is_azure=is_azure)}

"""Whose key is it? Compared as digests, with every key there is, so that the time taken tells nothing of any."""

import hashlib
import hmac
from collections.abc import Sequence

from aiohttp import web

from .configuration import Project
from .errors import RefusedError, unauthorized
from .routes import Route


class Keys:
    """The keys of the projects, and the one that LiteLLM has."""

    def __init__(self, *, projects: Sequence[Project], inner_key: str) -> None:
        self._projects = [(_digest(key), project) for project in projects for key in project.keys]
        self._inner = _digest(inner_key)

    def is_inner(self, request: web.BaseRequest, route: Route) -> bool:
        """Is it LiteLLM that knocks? It calls Azure's routes alone."""
        if not route.is_azure:
            return False
        matches = [hmac.compare_digest(digest, self._inner) for digest in _given(request, route)]
        return bool(matches) and all(matches)

    def project_of(self, request: web.BaseRequest, route: Route) -> Project:
        """Return the project that every given key belongs to.

        Raises:
            RefusedError: 401; there is no such project, or no key.
        """
        owners = [self._owner(digest) for digest in _given(request, route)]
        if not owners or owners[0] is None or any(owner is not owners[0] for owner in owners):
            raise RefusedError(unauthorized())
        return owners[0]

    def _owner(self, given: bytes) -> Project | None:
        owner = None
        for digest, project in self._projects:
            if hmac.compare_digest(digest, given):
                owner = project
        return owner


def _given(request: web.BaseRequest, route: Route) -> list[bytes]:
    """The digest of everything in the request that claims to be a key; of what cannot be one, that of nothing."""
    given = []
    for name in ("authorization", "x-gateway-key", *(["api-key"] if route.is_azure else [])):
        values = request.headers.getall(name, [])
        key = values[0] if len(values) == 1 else ""
        if name == "authorization":
            scheme, _, bearer = key.partition(" ")
            key = bearer.strip(" ") if scheme.lower() == "bearer" else ""
        if values:
            given.append(_digest(key))
    return given


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()

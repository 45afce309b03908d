"""Which project does a request belong to? Clients send a project's key, LiteLLM sends the inner key.

Keys are compared as digests and with every known key, so that the time of a comparison reveals nothing about them.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import NamedTuple

from aiohttp import web

from ..configuration import Project
from ..routes import Route

_KEY_HEADERS = ("authorization", "x-gateway-key", "api-key")
_KEY_NAMES = ("primary", "secondary")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class KeyOwner(NamedTuple):
    """A project, and which of its keys a request has."""

    project: Project
    key: str


class Authentication:
    """Knows the keys of the projects and of LiteLLM."""

    def __init__(self, *, projects: Sequence[Project], inner_key: str) -> None:
        self._owners = [
            (_digest(key), KeyOwner(project, name))
            for project in projects
            for key, name in zip(project.keys, _KEY_NAMES, strict=False)
        ]
        self._inner_key = _digest(inner_key)

    def is_litellm(self, http_request: web.BaseRequest, route: Route) -> bool:
        """Return whether LiteLLM sends this request; it uses Azure's routes only."""
        if not route.is_azure:
            return False
        matches = [hmac.compare_digest(digest, self._inner_key) for digest in _read_keys(http_request)]
        return bool(matches) and all(matches)

    def find_owner(self, http_request: web.BaseRequest) -> KeyOwner | None:
        """Return the project that all keys of the request belong to, if there is one, and the first of these keys."""
        owners = [self._owner(digest) for digest in _read_keys(http_request)]
        first = owners[0] if owners else None
        return first if first and all(owner and owner.project is first.project for owner in owners) else None

    def has_key(self, http_request: web.BaseRequest) -> bool:
        """Return whether the request presents a key, right or wrong."""
        return bool(_read_keys(http_request))

    def _owner(self, digest: bytes) -> KeyOwner | None:
        found = None
        for known, owner in self._owners:
            if hmac.compare_digest(known, digest):
                found = found or owner
        return found


def read_client_request_id(http_request: web.BaseRequest) -> str | None:
    """Return the client's own id of its request, for the log and the answer, if it is harmless and not its key.

    https://platform.openai.com/docs/api-reference/debugging-requests
    """
    headers = http_request.headers
    request_id = headers.get("x-client-request-id", "") or headers.get("x-request-id", "")
    is_key = any(request_id in headers.get(name, "").split() for name in _KEY_HEADERS)
    return request_id if _REQUEST_ID.fullmatch(request_id) and not is_key else None


def _read_keys(http_request: web.BaseRequest) -> list[bytes]:
    """Return the digest of each key in the headers; malformed and repeated headers count as an empty key."""
    digests = []
    for name in _KEY_HEADERS:
        values = http_request.headers.getall(name, [])
        key = values[0] if len(values) == 1 else ""
        if name == "authorization":
            scheme, _, token = key.partition(" ")
            key = token.strip(" ") if scheme.lower() == "bearer" else ""
        if values:
            digests.append(_digest(key))
    return digests


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()

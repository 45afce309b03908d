"""Authentication of the data plane: a key, or a token of Microsoft Entra ID whose principal has the role.

https://learn.microsoft.com/azure/ai-services/openai/how-to/managed-identity
"""

import hmac
import time
from dataclasses import dataclass, field

from starlette.requests import Request

from local.emulator import azure_errors
from local.emulator.faults import Surface
from local.tokens import TENANT_ID, InvalidTokenError, principal_of, verify

_AUDIENCES = tuple(f"https://cognitiveservices.azure.{cloud}" for cloud in ("com", "us", "cn"))
"""Of each cloud: that endpoint and scope are of the same one, the settings check."""
_V1_AUDIENCES = (*_AUDIENCES, "https://ai.azure.com")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The managed identity that has the role Cognitive Services OpenAI User, and what its tokens are signed with."""

    signing_key: str = field(repr=False)
    client_id: str


class Authentication:
    """`key` is accepted in the header `api-key`; None: the resource's local authentication is off.

    `identity`: whose tokens are accepted as bearer; None: those of nobody.
    """

    def __init__(self, *, key: str | None, identity: Identity | None = None) -> None:
        self._key = key
        self._identity = identity

    def check(self, request: Request, *, surface: Surface) -> None:
        """AzureError 401 or 403. As in Azure, `api-key` takes precedence: a token does not make up for a wrong key."""
        key, bearer = request.headers.get("api-key"), request.headers.get("authorization")
        if key is not None:
            if self._key is None:
                raise azure_errors.keys_disabled()
            if not _same(key, self._key):
                raise azure_errors.access_denied()
        elif bearer is not None:
            self._check_token(bearer, request, surface=surface)
        else:
            raise azure_errors.access_denied()

    def _check_token(self, bearer: str, request: Request, *, surface: Surface) -> None:
        scheme, _, token = bearer.partition(" ")
        audiences = _V1_AUDIENCES if request.url.path.startswith("/openai/v1/") else _AUDIENCES
        if self._identity is None or scheme.lower() != "bearer":
            raise azure_errors.unauthorized()
        try:
            claims = verify(token, key=self._identity.signing_key, audiences=audiences, now=time.time())
        except InvalidTokenError as error:
            raise azure_errors.unauthorized() from error
        if claims.tid != TENANT_ID:
            raise azure_errors.wrong_tenant(claims.tid)
        if claims.oid != principal_of(self._identity.client_id):
            raise azure_errors.permission_denied(principal=claims.oid, method=request.method, surface=surface)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape"))

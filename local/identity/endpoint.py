"""The identity endpoint: `GET /msi/token`, answered as Container Apps answers it.

https://learn.microsoft.com/azure/container-apps/managed-identity#rest-endpoint-reference
"""

import asyncio
import hmac
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.control_plane import NAME_OR_STATUS
from local.tokens import TENANT_ID, Claims, principal_of, sign

PATH = "/msi/token"
_API_VERSION = "2019-08-01"
_DAY_S = 86_400.0
_CACHED_SHARE = 0.9
"""Azure hands out the same token for most of its time."""

Seconds = Annotated[float, Field(gt=0, le=_DAY_S)]


class Behaviour(BaseModel):
    """What the control port sets; the default is a healthy endpoint, and an identity with its role.

    `down` closes the port. `slow` waits `delay_s` before the answer. `announced_s`: for how long a token is said to
    live that lives for `lifetime_s`. Without the role the token is of another principal.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: Annotated[Literal["down", "slow", "400", "500"] | None, NAME_OR_STATUS] = None
    delay_s: Seconds = 5.0
    lifetime_s: Seconds = _DAY_S
    announced_s: Seconds | None = None
    has_role: bool = True
    audience: str | None = None
    tenant_id: str = TENANT_ID


class IdentityError(Exception):
    """An error of the platform; `status` 403 has no body."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token and the end of its time as the endpoint announces it, in seconds since 1970."""

    value: str
    expires_on: int
    cached_until: float = 0.0


RequestToken = Callable[[str], Awaitable[Token]]
"""Gets a token for a resource, such as `https://cognitiveservices.azure.com`."""


@dataclass(kw_only=True)
class Issuer:
    """Signs tokens of the identity with this client id."""

    client_id: str
    key: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    _tokens: dict[str, Token] = field(default_factory=dict)

    def behave(self, behaviour: Behaviour) -> None:
        """Change, and forget the tokens."""
        self.behaviour = behaviour
        self._tokens.clear()

    async def __call__(self, resource: str) -> Token:
        """Return a token, the same one for most of its time."""
        now = time.time()
        known = self._tokens.get(resource)
        if known is None or now >= known.cached_until:
            known = self._tokens[resource] = self._issue(resource, now)
        return known

    def _issue(self, resource: str, now: float) -> Token:
        behaviour = self.behaviour
        principal = principal_of(self.client_id)
        claims = Claims(
            aud=behaviour.audience or resource,
            appid=self.client_id,
            oid=principal if behaviour.has_role else principal_of(principal),
            tid=behaviour.tenant_id,
            iat=int(now),
            nbf=int(now),
            exp=int(now + behaviour.lifetime_s),
        )
        expires_on = int(now + (behaviour.announced_s or behaviour.lifetime_s))
        return Token(
            value=sign(claims, key=self.key),
            expires_on=expires_on,
            cached_until=now + (min(claims.exp, expires_on) - now) * _CACHED_SHARE,
        )


@dataclass(kw_only=True)
class IdentityEndpoint:
    """The app that the container calls; `requests` are the statuses of its answers, oldest first."""

    header: str
    client_id: str
    request_token: RequestToken
    behaviour: Callable[[], Behaviour]
    requests: list[int] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route(PATH, self._answer, methods=["GET"])])

    async def _answer(self, request: Request) -> Response:
        try:
            self._check(request)
            await self._fail()
            resource = request.query_params["resource"]
            token = await self.request_token(resource)
        except IdentityError as error:
            self.requests.append(error.status)
            sys.stderr.write(f"{error.status} {error}\n")
            if error.status == 403:
                return Response(status_code=403)
            body = {"statusCode": error.status, "message": error.message, "correlationId": str(uuid.uuid4())}
            return JSONResponse(body, status_code=error.status)
        self.requests.append(200)
        answer: dict[str, Any] = {"access_token": token.value, "expires_on": str(token.expires_on)}
        return JSONResponse({**answer, "resource": resource, "token_type": "Bearer", "client_id": self.client_id})

    def _check(self, request: Request) -> None:
        if not hmac.compare_digest(request.headers.get("x-identity-header", "").encode(), self.header.encode()):
            raise IdentityError(403)
        query = request.query_params
        if query.get("api-version") != _API_VERSION:
            raise IdentityError(400, f"The api-version must be {_API_VERSION}.")
        if not query.get("resource", "").startswith("https://"):
            raise IdentityError(400, "The resource is missing or invalid.")
        if query.get("client_id") != self.client_id:
            raise IdentityError(400, "Unable to load the proper Managed Identity.")

    async def _fail(self) -> None:
        behaviour = self.behaviour()
        if behaviour.fault == "slow":
            await asyncio.sleep(behaviour.delay_s)
        if behaviour.fault == "400":
            raise IdentityError(400, "Unable to load the proper Managed Identity.")
        if behaviour.fault == "500":
            raise IdentityError(500, "An unexpected error occurred while fetching the AAD Token.")

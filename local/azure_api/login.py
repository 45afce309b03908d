"""Entra ID: access tokens of applications that sign in with a token of GitHub, and who a token belongs to.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow (third case)
"""

import time
from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.azure_api.errors import AzureError
from local.tokens import TENANT_ID, Claims, InvalidTokenError, principal_of, sign, verify

RESOURCE_MANAGER = "https://management.azure.com"
KEY_VAULT = "https://vault.azure.net"
STORAGE = "https://storage.azure.com"
_LIFETIME_S = 3600
_KEY = "only this process verifies them"


class Login:
    """The tenant, and the applications that are registered in it: object ids by client id."""

    def __init__(self) -> None:
        self.applications: dict[str, str] = {}

    def register(self, client_id: str) -> str:
        """Register an application; its object id, to which roles are assigned."""
        return self.applications.setdefault(client_id, principal_of(client_id))

    async def token(self, request: Request) -> Response:
        """`POST /TENANT/oauth2/v2.0/token`."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        client_id = form.get("client_id", "")
        if request.path_params["tenant"] != TENANT_ID:
            return _refusal("invalid_request", "AADSTS90002: Tenant not found.")
        if client_id not in self.applications:
            return _refusal("unauthorized_client", "AADSTS700016: Application was not found in the directory.")
        if not form.get("client_assertion"):
            return _refusal("invalid_client", "AADSTS7000216: 'client_assertion' is required.")
        now = int(time.time())
        claims = Claims(
            aud=form["scope"].removesuffix("/.default"),
            appid=client_id,
            oid=self.applications[client_id],
            tid=TENANT_ID,
            iat=now,
            nbf=now,
            exp=now + _LIFETIME_S,
        )
        content = {"token_type": "Bearer", "access_token": sign(claims, key=_KEY), "expires_in": _LIFETIME_S}
        return JSONResponse(content)


def caller_of(headers: Mapping[str, str], *, audience: str) -> Claims:
    """Whose token it is.

    Raises:
        AzureError: there is none, or it is not valid for this service.
    """
    token = headers.get("authorization", "").removeprefix("Bearer ")
    try:
        return verify(token, key=_KEY, audiences=(audience, f"{audience}/"), now=time.time())
    except InvalidTokenError:
        message = "The access token is missing, expired, or for another audience."
        raise AzureError(401, "InvalidAuthenticationToken", message) from None


def _refusal(error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, 400)

"""Authentication of the Track API where the resource's local authentication is off: a token of Microsoft Entra ID.

https://learn.microsoft.com/azure/azure-monitor/app/azure-ad-authentication
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.tokens import InvalidTokenError, principal_of, verify

_AUDIENCES = ("https://monitor.azure.com", "https://monitor.azure.com/")


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """The managed identity that has the role Monitoring Metrics Publisher, and what its tokens are signed with.

    Without a key, tokens are Azure's own and not verified.
    """

    client_id: str
    signing_key: str = field(repr=False)

    def check(self, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Return status and message of a refusal, or None."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return 401, "the request has no bearer token"
        if not self.signing_key:
            return None
        try:
            claims = verify(token, key=self.signing_key, audiences=_AUDIENCES, now=time.time())
        except InvalidTokenError as error:
            return 401, f"the token is {error}"
        if claims.oid != principal_of(self.client_id):
            return 403, "the principal does not have the role Monitoring Metrics Publisher"
        return None

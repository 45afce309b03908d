"""Authentication of the data plane: a key, or a token of Microsoft Entra ID."""

import hmac
from collections.abc import Mapping

from local.emulator import azure_errors


class Authentication:
    """`key` is accepted in the header `api-key`; `token`, when set, as a bearer token."""

    def __init__(self, *, key: str, token: str | None = None) -> None:
        self._key = key
        self._token = token

    def check(self, headers: Mapping[str, str]) -> None:
        """AzureError 401. As in Azure, `api-key` takes precedence: a valid token does not make up for a wrong key."""
        key = headers.get("api-key")
        if key is not None:
            allowed = _same(key, self._key)
        else:
            bearer = headers.get("authorization", "")
            allowed = self._token is not None and _same(bearer, f"Bearer {self._token}")
        if not allowed:
            raise azure_errors.access_denied()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape"))

"""Access tokens like Entra ID's for a managed identity: signed JSON Web Tokens, here with a key that both sides know.

https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import asdict, dataclass
from typing import Any

TENANT_ID = "6f1a8a3c-52c0-4c1e-9a43-0d6f0b6f6f10"
_HEADER = {"typ": "JWT", "alg": "HS256"}


class InvalidTokenError(Exception):
    """Malformed, signed by somebody else, for another audience, of another issuer, or not valid now."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Of version 1.0, as managed identities get them. `oid`: the principal that roles are assigned to."""

    aud: str
    appid: str
    oid: str
    tid: str
    iat: int
    nbf: int
    exp: int
    ver: str = "1.0"

    @property
    def iss(self) -> str:
        """Entra ID's name as the issuer for this tenant."""
        return f"https://sts.windows.net/{self.tid}/"


def principal_of(client_id: str) -> str:
    """Return the object id of a managed identity."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, client_id))


def sign(claims: Claims, *, key: str) -> str:
    """Return the token."""
    content = f"{_encode(_json(_HEADER))}.{_encode(_json({**asdict(claims), 'iss': claims.iss}))}"
    return f"{content}.{_encode(_signature(content, key))}"


def verify(token: str, *, key: str, audiences: tuple[str, ...], now: float) -> Claims:
    """Return the claims of a valid token; `now` in seconds since 1970.

    Raises:
        InvalidTokenError: it is none.
    """
    content, _, signature = token.rpartition(".")
    try:
        header, payload = (json.loads(_decode(part)) for part in content.split("."))
        is_ours = header == _HEADER and hmac.compare_digest(_decode(signature), _signature(content, key))
        issuer = payload.pop("iss")
        claims = Claims(**payload)
        is_valid = issuer == claims.iss and claims.aud in audiences and claims.nbf <= now < claims.exp
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise InvalidTokenError("malformed") from error
    if not (is_ours and is_valid):
        raise InvalidTokenError("invalid")
    return claims


def _signature(content: str, key: str) -> bytes:
    return hmac.digest(key.encode(), content.encode(), hashlib.sha256)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))

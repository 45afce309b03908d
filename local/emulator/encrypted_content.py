"""Encrypted reasoning: only the region that encrypted an item can decrypt it."""

import base64
import hashlib
import hmac
import secrets

_PREFIX = "gAAAAA"
_NONCE_BYTES = 48


def encrypt(*, region: str) -> str:
    """Opaque text, as `reasoning.encrypted_content` is; stateless, so that it outlives a restart."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _PREFIX + base64.urlsafe_b64encode(nonce + _sign(nonce, region=region)).decode()


def can_decrypt(encrypted: str, *, region: str) -> bool:
    if not encrypted.startswith(_PREFIX) or not encrypted.isascii():
        return False
    try:
        raw = base64.b64decode(encrypted.removeprefix(_PREFIX), altchars=b"-_", validate=True)
    except ValueError:
        return False
    nonce, signature = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
    return hmac.compare_digest(signature, _sign(nonce, region=region))


def _sign(nonce: bytes, *, region: str) -> bytes:
    return hmac.digest(region.encode(), nonce, hashlib.sha256)

"""Encrypted reasoning: only the region that encrypted an item can decrypt it, and not under another id."""

import base64
import hashlib
import hmac
import secrets

_PREFIX = "gAAAAA"
_NONCE_BYTES = 48
_SIGNATURE_BYTES = 32


def encrypt(*, region: str, item_id: str) -> str:
    """Opaque text, as `reasoning.encrypted_content` is; stateless, so that it outlives a restart."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    signed = nonce + _sign(nonce, region=region) + _sign(nonce + item_id.encode(), region=region)
    return _PREFIX + base64.urlsafe_b64encode(signed).decode()


def can_decrypt(encrypted: str, *, region: str, item_id: str | None) -> bool:
    """Without an id, any id may have been the item's."""
    if not encrypted.startswith(_PREFIX) or not encrypted.isascii():
        return False
    try:
        raw = base64.b64decode(encrypted.removeprefix(_PREFIX), altchars=b"-_", validate=True)
    except ValueError:
        return False
    nonce, signatures = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
    ours, of_item = signatures[:_SIGNATURE_BYTES], signatures[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(ours, _sign(nonce, region=region)):
        return False
    expected = of_item if item_id is None else _sign(nonce + item_id.encode(), region=region)
    return len(of_item) == _SIGNATURE_BYTES and hmac.compare_digest(of_item, expected)


def _sign(nonce: bytes, *, region: str) -> bytes:
    return hmac.digest(region.encode(), nonce, hashlib.sha256)

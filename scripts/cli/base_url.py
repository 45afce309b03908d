"""The address of a gateway as a person gives it."""

from __future__ import annotations

from urllib.parse import urlsplit

from scripts.cli.error_handling import ScriptError


def normalize(url: str) -> str:
    """The address with `/v1` and no slash after it: Roo would call `/v1//models`."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # of the port
        is_valid = False
    if not is_valid or parts.query or parts.fragment:
        raise ScriptError(f"--base-url {url}: must be http(s)://HOST/v1, without anything after it.", code=2)
    if parts.path.rstrip("/") not in {"", "/v1"}:
        raise ScriptError(f"--base-url {url}: its path must be /v1, and is {parts.path}.", code=2)
    return f"{parts.scheme}://{parts.netloc}/v1"

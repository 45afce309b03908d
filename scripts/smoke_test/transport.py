"""Why there was no answer at all."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Literal

import httpx

Kind = Literal["dns", "tls", "refused", "timeout", "proxy", "broken"]


class UnreachedError(Exception):
    """Nobody answered; `words` say what happened instead."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words

    @property
    def is_final(self) -> bool:
        """Whether the next request would fare no better; after a silence or a broken connection it may."""
        return self.kind not in ("timeout", "broken")


def unreached(error: BaseException) -> UnreachedError:
    """What the error of the HTTP client means; the layer that failed is somewhere in the chain of its causes."""
    if isinstance(error, httpx.ProxyError):
        return UnreachedError("proxy", str(error) or "the proxy refused")
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UnreachedError("tls", f"certificate: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError):
            return UnreachedError("tls", (cause.reason or str(cause)).lower().replace("_", " "))
        if isinstance(cause, socket.gaierror):
            return UnreachedError("dns", cause.strerror or "the name does not resolve")
        if isinstance(cause, ConnectionRefusedError):
            return UnreachedError("refused", "connection refused")
    if isinstance(error, httpx.TimeoutException):
        kind = "no connection" if isinstance(error, httpx.ConnectTimeout) else "no answer"
        return UnreachedError("timeout", f"{kind} in time")
    return UnreachedError("broken", f"the connection broke: {str(error) or type(error).__name__}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _chain(inner)
        error = error.__cause__ or error.__context__

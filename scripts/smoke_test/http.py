"""HTTP requests that are bounded in time and length. What comes back never holds the key."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

CONNECT_S = 10.0
_MAX_BYTES = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Request:
    """A GET, or a POST of a `body`; `path` is below the base URL."""

    path: str
    key: str | None = field(repr=False)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Response:
    """`ms` until the end of the body, `first_ms` until its first byte."""

    status: int
    headers: Mapping[str, str]
    text: str
    ms: float
    first_ms: float
    broken: str = ""
    """Why the body ended too early, if it did."""

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """The fields of the JSON body; none if it is not an object."""
        try:
            parsed = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return parsed if isinstance(parsed, dict) else {}

    @property
    def error(self) -> Mapping[str, Any]:
        """The fields of its `error`; none if it is not an object."""
        error = self.fields.get("error")
        return error if isinstance(error, dict) else {}

    @property
    def media_type(self) -> str:
        """The content type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class UnreachableError(Exception):
    """There was no response; `words` say what happened instead. `kind` is the id of its advice."""

    def __init__(self, kind: Literal["dns", "tls", "refused", "timeout", "proxy", "broken"], words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words

    @property
    def is_final(self) -> bool:
        """Whether the next request would fail, too."""
        return self.kind not in ("timeout", "broken")


class Client:
    """Sends requests to one base URL. None takes longer than `timeout_s`, or lasts beyond `deadline`."""

    def __init__(self, *, http: httpx.AsyncClient, base_url: str, key: str, timeout_s: float) -> None:
        self._http = http
        self._key = key_pattern(key)
        self.base_url = base_url
        self.timeout_s = timeout_s
        self.deadline = float("inf")
        """By the clock of the event loop."""

    @property
    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - asyncio.get_running_loop().time()

    async def send(self, request: Request) -> Response:
        """The response, whatever its status.

        Raises:
            UnreachableError: there was none.
        """
        seconds = max(0.0, min(self.timeout_s, self.left_s))
        try:
            async with asyncio.timeout(seconds):
                return await self._send(request)
        except TimeoutError:
            raise UnreachableError("timeout", f"no answer within {seconds:.0f} s") from None
        except UnicodeError:
            raise UnreachableError("dns", "the host name is not valid") from None
        except (httpx.TransportError, ssl.SSLError, OSError) as error:
            raise unreachable(error) from None

    async def _send(self, request: Request) -> Response:
        headers = {} if request.key is None else {"authorization": f"Bearer {request.key}"}
        method, started = "GET" if request.body is None else "POST", time.perf_counter()
        async with self._http.stream(
            method, f"{self.base_url}/{request.path}", headers=headers, json=request.body
        ) as response:
            body, first, broken = bytearray(), None, ""
            try:
                async for chunk in response.aiter_bytes():
                    first = first or time.perf_counter()
                    body += chunk
                    if len(body) > _MAX_BYTES:
                        broken = f"longer than {_MAX_BYTES} bytes"
                        break
            except (httpx.TransportError, httpx.DecodingError) as error:
                broken = type(error).__name__
            ended = time.perf_counter()
            return Response(
                status=response.status_code,
                headers={name.lower(): self._without_key(value) for name, value in response.headers.items()},
                text=self._without_key(body.decode(errors="replace")),
                ms=(ended - started) * 1000,
                first_ms=((first or ended) - started) * 1000,
                broken=broken,
            )

    def _without_key(self, text: str) -> str:
        """An error may quote what was sent."""
        return self._key.sub("[the key]", text)


@asynccontextmanager
async def connect(base_url: str, *, key: str, timeout_s: float) -> AsyncIterator[Client]:
    """A client; for this machine it ignores the proxies of the environment."""
    timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
    # Loading the CA certificates takes a quarter of a second; without any, no server is trusted.
    verify = True if base_url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx.AsyncClient(timeout=timeout, trust_env=not is_local(base_url), verify=verify) as http:
        yield Client(http=http, base_url=base_url, key=key, timeout_s=timeout_s)


def key_pattern(key: str) -> re.Pattern[str]:
    """Matches the key however JSON escapes its characters, also nested twice."""
    return re.compile("".join(rf"(?:\\{{1,4}}u(?i:{ord(each):04x})|\\{{0,4}}{re.escape(each)})" for each in key))


def is_local(base_url: str) -> bool:
    """Whether it is an address of this machine."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def printable(text: str) -> str:
    """Without control characters, which could move a terminal's cursor."""
    return "".join(character for character in text if character.isprintable())


def unreachable(error: BaseException) -> UnreachableError:
    """What an error of httpx means; the cause is somewhere in the chain of exceptions."""
    if isinstance(error, httpx.ProxyError):
        return UnreachableError("proxy", str(error) or "the proxy refused")
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UnreachableError("tls", f"certificate: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError):
            return UnreachableError("tls", (cause.reason or str(cause)).lower().replace("_", " "))
        if isinstance(cause, socket.gaierror):
            return UnreachableError("dns", cause.strerror or "the name does not resolve")
        if isinstance(cause, ConnectionRefusedError):
            return UnreachableError("refused", "connection refused")
    if isinstance(error, httpx.TimeoutException):
        what = "no connection" if isinstance(error, httpx.ConnectTimeout) else "no answer"
        return UnreachableError("timeout", f"{what} in time")
    return UnreachableError("broken", str(error) or type(error).__name__)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _chain(inner)
        error = error.__cause__ or error.__context__

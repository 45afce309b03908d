"""Requests bounded in time and length; what comes back is without the key, whatever the server says."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from scripts.smoke_test.exchange import Answer, Request
from scripts.smoke_test.transport import UnreachedError, unreached

CONNECT_S = 10.0
_LONGEST = 4_000_000


class Wire:
    """Sends requests to one base URL; no request takes longer than `timeout_s`, or than there is time until the end."""

    def __init__(self, *, http: httpx.AsyncClient, base_url: str, secret: str, timeout_s: float) -> None:
        self._http = http
        self._secret = _in_json(secret)
        self.timeout_s = timeout_s
        self.base_url = base_url
        self.until = float("inf")

    @property
    def left_s(self) -> float:
        """Seconds until the end."""
        return self.until - time.monotonic()

    async def ask(self, request: Request) -> Answer:
        """The answer, be it a refusal.

        Raises:
            UnreachedError: there was none.
        """
        seconds = max(0.0, min(self.timeout_s, self.left_s))
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(request)
        except TimeoutError:
            raise UnreachedError("timeout", f"no answer within {seconds:.0f} s") from None
        except UnicodeError:
            raise UnreachedError("dns", "no host can be called that") from None
        except (httpx.TransportError, ssl.SSLError, OSError) as broken:
            raise unreached(broken) from None

    async def _ask(self, request: Request) -> Answer:
        headers = {} if request.key is None else {"authorization": f"Bearer {request.key}"}
        method, started = "GET" if request.body is None else "POST", time.perf_counter()
        async with self._http.stream(
            method, f"{self.base_url}/{request.path}", headers=headers, json=request.body
        ) as response:
            body, first, broke = bytearray(), None, ""
            try:
                async for chunk in response.aiter_bytes():
                    first = first or time.perf_counter()
                    body += chunk
                    if len(body) > _LONGEST:
                        broke = f"longer than {_LONGEST} bytes"
                        break
            except (httpx.TransportError, httpx.DecodingError) as cut:
                broke = type(cut).__name__
            ended = time.perf_counter()
            return Answer(
                status=response.status_code,
                headers={name.lower(): self._clean(value) for name, value in response.headers.items()},
                text=self._clean(body.decode(errors="replace")),
                ms=(ended - started) * 1000,
                first_ms=((first or ended) - started) * 1000,
                broke=broke,
            )

    def _clean(self, text: str) -> str:
        """An error may quote what was sent."""
        return self._secret.sub("[the key]", text)


@asynccontextmanager
async def wire_to(base_url: str, *, key: str, timeout_s: float) -> AsyncIterator[Wire]:
    """A wire, and its end; a proxy of the environment is not asked for what runs on this machine."""
    timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
    # Reading the certificates of the world takes a quarter of a second; with none, nobody is trusted.
    verify = True if base_url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx.AsyncClient(timeout=timeout, trust_env=not is_local(base_url), verify=verify) as http:
        yield Wire(http=http, base_url=base_url, secret=key, timeout_s=timeout_s)


def _in_json(secret: str) -> re.Pattern[str]:
    """The secret, however serializers write each of its characters, one within another up to twice."""
    return re.compile("".join(rf"(?:\\{{1,4}}u(?i:{ord(each):04x})|\\{{0,4}}{re.escape(each)})" for each in secret))


def is_local(base_url: str) -> bool:
    """Whether it is an address of this machine."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Sends items to the ingestion endpoint of Application Insights.

https://learn.microsoft.com/azure/azure-monitor/app/connection-strings
https://learn.microsoft.com/azure/azure-monitor/app/azure-ad-authentication
"""

import gzip
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import aiohttp

from ..json_codec import dumps, loads
from ..retries import RetryableError, read_retry_after_s
from .envelopes import Envelope

_DEFAULT_ENDPOINT = "https://dc.services.visualstudio.com"
_DEFAULT_AUDIENCE = "https://monitor.azure.com"
_TIMEOUT = aiohttp.ClientTimeout(total=10.0)
_RETRYABLE = (401, 403, 408, 429, 500, 502, 503, 504)
"""Roles and tokens may come later. Other statuses, such as 439 (the quota of the day), will not change soon."""
_TRUSTED = (".applicationinsights.azure.com", ".monitor.azure.com", ".visualstudio.com")
"""Where a redirect may lead to: it gets the token."""
_MAX_REDIRECTS = 3


@dataclass(frozen=True, kw_only=True)
class ConnectionString:
    """Where an Application Insights resource takes its items, and the scope of the tokens that it wants for them."""

    instrumentation_key: str
    ingestion_endpoint: str
    scope: str


def parse_connection_string(text: str) -> ConnectionString:
    """Read `Name=value;Name=value`. Azure Government and Azure in China name their own audience.

    Raises:
        ValueError: there is no instrumentation key.
    """
    parts = (part.partition("=") for part in text.split(";"))
    values = {name.strip().lower(): value.strip() for name, _, value in parts}
    if not values.get("instrumentationkey"):
        raise ValueError("the connection string of Application Insights has no InstrumentationKey")
    endpoint = values.get("ingestionendpoint") or _DEFAULT_ENDPOINT
    return ConnectionString(
        instrumentation_key=values["instrumentationkey"],
        ingestion_endpoint=endpoint.rstrip("/") + "/",
        scope=f"{values.get('aadaudience') or _DEFAULT_AUDIENCE}/.default",
    )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of some items: those to be sent again, and why; how many were rejected for good, by reason."""

    unsent: Sequence[Envelope] = ()
    reason: str = ""
    retry_after_s: float | None = None
    rejected: Counter[str] = field(default_factory=Counter)


class Ingestion:
    """The endpoint; a redirect moves it until it fails."""

    def __init__(self, *, endpoint: str, session: aiohttp.ClientSession, token: Callable[[], Awaitable[str]]) -> None:
        self._url = self._first_url = urljoin(endpoint, "v2.1/track")
        self._session = session
        self._token = token

    async def send(self, envelopes: Sequence[Envelope]) -> Outcome:
        """Send some items, together."""
        body = gzip.compress(dumps(envelopes), compresslevel=1)
        try:
            for _ in range(_MAX_REDIRECTS):
                headers = {
                    "authorization": f"Bearer {await self._token()}",
                    "content-type": "application/json",
                    "content-encoding": "gzip",
                    "accept-encoding": "identity",
                }
                async with self._session.post(
                    self._url, data=body, headers=headers, allow_redirects=False, timeout=_TIMEOUT
                ) as response:
                    if response.status not in (307, 308):
                        return _read_outcome(response, await response.read(), envelopes)
                    self._move(response.headers.get("location", ""))
        except (aiohttp.ClientError, OSError, RetryableError, ValueError) as failure:
            self._url = self._first_url
            return Outcome(unsent=envelopes, reason=type(failure).__name__)
        return Outcome(unsent=envelopes, reason="redirect")

    def _move(self, location: str) -> None:
        url = urljoin(self._url, location)
        old, new = urlsplit(self._url), urlsplit(url)
        if new.scheme == old.scheme and (new.netloc == old.netloc or (new.hostname or "").endswith(_TRUSTED)):
            self._url = url


def _read_outcome(response: aiohttp.ClientResponse, body: bytes, envelopes: Sequence[Envelope]) -> Outcome:
    status, after_s = response.status, read_retry_after_s(response.headers)
    if status == 206:
        return _read_partial(body, envelopes, after_s)
    if status == 200:
        return Outcome()
    if status in _RETRYABLE:
        return Outcome(unsent=envelopes, reason=str(status), retry_after_s=after_s)
    return Outcome(rejected=Counter({str(status): len(envelopes)}))


def _read_partial(body: bytes, envelopes: Sequence[Envelope], after_s: float | None) -> Outcome:
    """Some items were accepted; each of the others has its own status."""
    unsent, rejected, reason = [], Counter[str](), ""
    try:
        statuses = {int(error["index"]): int(error["statusCode"]) for error in loads(body)["errors"]}  # type: ignore[index]
    except (LookupError, TypeError, ValueError):
        statuses = {}
    for index, envelope in enumerate(envelopes):
        status = statuses.get(index, 200)
        if status in _RETRYABLE:
            unsent.append(envelope)
            reason = str(status)
        elif status != 200:
            rejected[str(status)] += 1
    return Outcome(unsent=unsent, reason=reason, retry_after_s=after_s, rejected=rejected)

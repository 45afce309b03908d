"""Tokens of the replica's managed identity, refreshed in the background, so that no request waits for one.

azure-identity asks the identity endpoint of the platform, by a new credential each time: a credential that has a token
hides failures until that token expires, and returns it again after an upstream has rejected it.
https://learn.microsoft.com/azure/container-apps/managed-identity
"""

import asyncio
import gc
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ..access_log import LogEvent
from ..configuration import Configuration
from ..context import now
from ..retries import TokenUnavailableError

_REQUEST_S = 10.0
"""How long the identity endpoint may take."""
_WAIT_S = 5.0
"""How long requests wait for the first token, or after the last one has expired. Later ones fail at once."""
_BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
_MIN_REFRESH_S = 1.0
_MARGIN_S = 5.0
"""No token is sent in its last seconds, or in the last tenth of a short life: it could expire on its way."""
_MIN_REPLACE_S = 30.0


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """Times are seconds since 1970. `refresh_on`: when the platform wants to be asked for a newer one."""

    value: str = field(repr=False)
    expires_on: float
    refresh_on: float | None = None


RequestToken = Callable[[str | None, str], Awaitable[AccessToken]]
"""Asks the platform for a token, given the identity's client id and the scope."""


async def request_token(client_id: str | None, scope: str) -> AccessToken:
    """Ask by azure-identity."""
    async with _load_credential()(client_id=client_id, retry_total=0) as credential:
        token = await credential.get_token_info(scope)
    return AccessToken(value=token.token, expires_on=token.expires_on, refresh_on=token.refresh_on)


@cache
def _load_credential() -> Callable[..., Any]:
    """Import azure-identity: 0.35 s and 19 MB, which only gateways without keys need.

    What it brings stays: without `freeze`, the garbage collector would walk it again and again.
    """
    from azure.identity.aio import ManagedIdentityCredential  # type: ignore[import-not-found, unused-ignore]

    for name in ("azure", "msal"):  # they log bodies of the identity endpoint
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    gc.freeze()
    return ManagedIdentityCredential  # type: ignore[no-any-return, unused-ignore]


class ManagedIdentity:
    """Tokens of one scope: a new one when half of the old one's time has passed, or when the platform says so.

    Failures are retried with back-off, one event each, while requests go on with the old token.
    """

    def __init__(
        self,
        *,
        client_id: str | None,
        scope: str,
        log_event: LogEvent,
        request_token: RequestToken = request_token,
    ) -> None:
        self._client_id = client_id
        self._scope = scope
        self._log_event = log_event
        self._request_token = request_token
        self._token = ""
        self._valid_until = now()
        self._next_request = now()
        self._next_replacement = -math.inf
        self._is_requesting = False
        self._wake = asyncio.Event()
        self._answered = asyncio.Event()
        """Set after each answer of the identity endpoint, and then replaced."""
        self._refreshing = asyncio.create_task(self._refresh())

    async def token(self, *, deadline: float = math.inf) -> str:
        """Return a valid token.

        Raises:
            TokenUnavailableError: there is none, and none came within seconds or before the deadline.
        """
        deadline = min(deadline, self._valid_until + _WAIT_S)
        while now() >= self._valid_until:
            if now() >= deadline:
                raise TokenUnavailableError(retry_after_s=max(1.0, self._next_request - now()))
            await self._wait_for_answer(deadline)
        return self._token

    async def replace(self, rejected: str, *, deadline: float) -> str | None:
        """Return another token than one that an upstream has rejected, or None; twice a minute at most."""
        if self._token == rejected and not self._is_requesting and now() >= self._next_replacement:
            self._next_replacement = now() + _MIN_REPLACE_S
            self._is_requesting = True
            self._wake.set()
        if self._token == rejected and self._is_requesting:
            await self._wait_for_answer(min(deadline, now() + _WAIT_S))
        return None if self._token == rejected else self._token

    async def close(self) -> None:
        """Stop refreshing."""
        self._refreshing.cancel()
        await asyncio.wait({self._refreshing})

    async def _wait_for_answer(self, deadline: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._answered.wait()

    async def _refresh(self) -> None:
        failures = 0
        while True:
            self._is_requesting = True
            try:
                pause_s = await self._request()
                failures = 0
            except Exception as error:  # azure-identity raises those of its HTTP client, too
                pause_s = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
                failures += 1
                status = getattr(error, "status_code", None)
                self._log_event(
                    {
                        "event": "managed_identity_failed",
                        "scope": self._scope,
                        "reason": type(error).__name__,
                        "status": status if isinstance(status, int) else None,
                    }
                )
            self._is_requesting = False
            self._next_request = now() + pause_s
            self._answered.set()
            self._answered = asyncio.Event()
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()

    async def _request(self) -> float:
        """Take a new token; return the seconds until the next one shall be requested."""
        async with asyncio.timeout(_REQUEST_S):
            token = await self._request_token(self._client_id, self._scope)
        left_s = token.expires_on - time.time()
        if left_s <= 0:
            raise ExpiredTokenError
        self._token, self._valid_until = token.value, now() + left_s - min(_MARGIN_S, left_s / 10)
        suggested_s = math.inf if token.refresh_on is None else token.refresh_on - time.time()
        return max(_MIN_REFRESH_S, min(suggested_s, left_s / 2))


class ExpiredTokenError(Exception):
    """The identity endpoint answered with a token that has expired."""


@asynccontextmanager
async def open_identity(configuration: Configuration, *, log_event: LogEvent) -> AsyncIterator[ManagedIdentity | None]:
    """Open the identity for the upstreams without a key; None: each of them has one."""
    if configuration.token_scope is None:
        yield None
        return
    identity = ManagedIdentity(
        client_id=configuration.azure_client_id, scope=configuration.token_scope, log_event=log_event
    )
    try:
        yield identity
    finally:
        await identity.close()

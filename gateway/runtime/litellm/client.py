"""The client of LiteLLM, which may still be starting, hang or have died.

LiteLLM is checked for being up before a call; afterwards, it has to make its inner call in time.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

import aiohttp

from ..configuration import Configuration
from ..context import ModelRequest, Response, Surface, now
from ..retries import RetryableError
from ..upstream.attempt import Endpoint, attempt
from ..upstream.response_fixes import NO_FIX, ResponseFix
from .chat_fixes import LITELLM_BRIDGED_CHAT, LITELLM_CHAT
from .responses_fixes import LITELLM_RESPONSES

INNER_TOKEN_HEADER = "x-gateway-request"  # noqa: S105 - a name
_GRACE_S = 5.0
"""The inner call ends first, so that the client reads its error."""
_POLL_S = 0.25
_PATHS = {
    Surface.RESPONSES: "/v1/responses",
    Surface.CHAT: "/v1/chat/completions",
    Surface.EMBEDDINGS: "/v1/embeddings",
}


class HangingError(Exception):
    """LiteLLM accepted a call and made no inner call in time."""


class LiteLLMClient:
    """One instance for all requests, which share what is known about LiteLLM's state."""

    def __init__(self, *, session: aiohttp.ClientSession, configuration: Configuration) -> None:
        self._session = session
        self._url = configuration.litellm_url
        self._timeouts = configuration.timeouts
        self._headers = {"authorization": f"Bearer {configuration.inner_key}"}
        self._is_up = False
        self._next_check = 0.0

    async def send(self, request: ModelRequest) -> Response:
        """Have a request translated and answered, and note LiteLLM's share of the time.

        Raises:
            RetryableError: LiteLLM failed.
            HangingError: it hangs.
        """
        loop, context, started = asyncio.get_running_loop(), request.context, now()
        try:
            async with asyncio.timeout(None) as timeout:

                def stop_if_hanging() -> None:
                    if not context.inner.started.is_set():
                        timeout.reschedule(loop.time())

                timer = loop.call_later(self._timeouts.litellm_s, stop_if_hanging)
                try:
                    return await self._attempt(request)
                finally:
                    timer.cancel()
                    context.litellm_ms = round(max(0.0, (now() - started) * 1000 - context.inner.ms), 1)
        except TimeoutError:
            self._is_up = False
            raise HangingError from None
        except RetryableError:
            self._is_up = False
            raise

    async def _attempt(self, request: ModelRequest) -> Response:
        endpoint = Endpoint(
            url=f"{self._url}{_PATHS[request.surface]}",
            headers={**self._headers, INNER_TOKEN_HEADER: request.context.inner.token},
            idle_s=self._timeouts.idle_s + _GRACE_S,
        )
        return await attempt(
            session=self._session,
            request=request,
            endpoint=endpoint,
            deadline=request.context.deadline + _GRACE_S,
            fix=select_litellm_fix(request),
            on_event=_ignore,
            on_end=_ignore,
        )

    async def wait_until_up(self, *, deadline: float) -> bool:
        """Return whether LiteLLM is up before the deadline. All waiting requests share one check."""
        while not self._is_up and (time := now()) < deadline:
            if time >= self._next_check:
                self._next_check = time + _POLL_S
                self._is_up = await self._check(within_s=min(self._timeouts.connect_s, deadline - time))
            else:
                await asyncio.sleep(min(self._next_check, deadline) - time)
        return self._is_up

    async def _check(self, *, within_s: float) -> bool:
        timeout = aiohttp.ClientTimeout(total=within_s)
        try:
            async with self._session.get(f"{self._url}/health/liveliness", timeout=timeout) as response:
                return response.status == HTTPStatus.OK
        except (aiohttp.ClientError, OSError):
            return False


def select_litellm_fix(request: ModelRequest) -> ResponseFix:
    """Return the fix for LiteLLM's response to a request."""
    if request.surface is Surface.RESPONSES:
        return LITELLM_RESPONSES
    if request.surface is Surface.CHAT:
        return LITELLM_BRIDGED_CHAT if request.model.kind == "responses" else LITELLM_CHAT
    return NO_FIX


def _ignore(_: Mapping[str, object] | RetryableError | None) -> None:
    """The inner calls report usage and failures; only their circuit breakers count."""

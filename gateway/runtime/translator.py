"""LiteLLM, as a neighbour that may still load, hang or die: asked for its health, and found out by what it omits."""

import asyncio
import time
from collections.abc import Mapping
from http import HTTPStatus

import aiohttp

from .attempt import Target, attempt
from .configuration import Configuration
from .exchange import Answer, Call, Surface, Transient

REQUEST_HEADER = "x-gateway-request"
_SLACK_S = 5.0  # The call beneath ends first, so that its reason is the one that the client reads.
_POLL_S = 0.25
_PATHS = {
    Surface.RESPONSES: "/v1/responses",
    Surface.CHAT: "/v1/chat/completions",
    Surface.EMBEDDINGS: "/v1/embeddings",
}


class HangsError(Exception):
    """It took a call, and has not called Azure since."""


class Translator:
    """One for all calls, so that they share what is known of its health."""

    def __init__(self, *, http: aiohttp.ClientSession, configuration: Configuration) -> None:
        self._http = http
        self._url = configuration.litellm_url
        self._timeouts = configuration.timeouts
        self._headers = {"authorization": f"Bearer {configuration.inner_key}"}
        self._loaded = False
        self._next_look = 0.0

    async def ask(self, call: Call) -> Answer:
        """Have the call translated and answered; LiteLLM's share of the time is noted.

        Raises:
            Transient: it failed.
            HangsError: it hangs.
        """
        loop, record, started = asyncio.get_running_loop(), call.record, time.monotonic()
        try:
            async with asyncio.timeout(None) as patience:

                def give_up() -> None:
                    if not record.asked.is_set():
                        patience.reschedule(loop.time())

                timer = loop.call_later(self._timeouts.litellm_s, give_up)
                try:
                    return await self._attempt(call)
                finally:
                    timer.cancel()
                    spent_ms = (time.monotonic() - started) * 1000
                    record.litellm_ms = round(max(0.0, spent_ms - record.beneath_ms), 1)
        except TimeoutError:
            self._loaded = False
            raise HangsError from None
        except Transient:
            self._loaded = False
            raise

    async def _attempt(self, call: Call) -> Answer:
        target = Target(
            url=f"{self._url}{_PATHS[call.surface]}",
            headers={**self._headers, REQUEST_HEADER: call.record.ticket},
            idle_s=self._timeouts.idle_s + _SLACK_S,
        )
        until = call.record.deadline + _SLACK_S
        return await attempt(http=self._http, call=call, target=target, until=until, see=_ignore, over=_ignore)

    async def loaded(self, *, until: float) -> bool:
        """Wait for it. However many do, it is asked every now and then."""
        loop = asyncio.get_running_loop()
        while not self._loaded and (now := loop.time()) < until:
            if now >= self._next_look:
                self._next_look = now + _POLL_S
                self._loaded = await self._is_alive(within_s=min(self._timeouts.connect_s, until - now))
            else:
                await asyncio.sleep(min(self._next_look, until) - now)
        return self._loaded

    async def _is_alive(self, *, within_s: float) -> bool:
        timeout = aiohttp.ClientTimeout(total=within_s)
        try:
            async with self._http.get(f"{self._url}/health/liveliness", timeout=timeout) as response:
                return response.status == HTTPStatus.OK
        except (aiohttp.ClientError, OSError):
            return False


def _ignore(_: Mapping[str, object] | Transient | None) -> None:
    """Azure's own answer, beneath, tells what an answer costs, and its breakers are the ones that count."""

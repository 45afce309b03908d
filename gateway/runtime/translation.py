"""What Azure does not speak itself goes to LiteLLM, whose Azure is this gateway again.

Failover happens beneath LiteLLM, where a failure is known first-hand: one call here, and no second one unless LiteLLM
was not there to take the first.
"""

import asyncio
import json
import re
import time
from dataclasses import replace
from http import HTTPStatus

import aiohttp

from .attempt import Target, attempt
from .configuration import Configuration
from .errors import error, untranslatable
from .exchange import Answer, Call, Record, Surface, Transient
from .stream import is_transient

_SLACK_S = 5.0  # The call beneath ends first, so that its reason is the one that the client reads.
_POLL_S = 0.25
_CALLS = 3  # that LiteLLM was not there to take
_PATHS = {
    Surface.RESPONSES: "/v1/responses",
    Surface.CHAT: "/v1/chat/completions",
    Surface.EMBEDDINGS: "/v1/embeddings",
}
# LiteLLM tells its operator of its keys, its providers and its own code; clients need not know them.
_PREFIX = re.compile(r"^([\w.]+(Error|Exception)\s*[:-]?\s*)+")
_INTERNAL = re.compile(
    r"litellm|azure|provider|api[ _-]?(key|base|version)|bearer|auth|https?:|python|traceback|nonetype|attribute|"
    r"argument|object|error\b|exception\b|\.py\b",
    re.IGNORECASE,
)
REQUEST_HEADER = "x-gateway-request"


class Translation:
    """The step that calls LiteLLM, and waits for it while it still loads."""

    def __init__(self, *, http: aiohttp.ClientSession, configuration: Configuration) -> None:
        self._http = http
        self._url = configuration.litellm_url
        self._timeouts = configuration.timeouts
        self._headers = {"authorization": f"Bearer {configuration.inner_key}"}
        self._loaded = False
        self._next_look = 0.0

    async def __call__(self, call: Call) -> Answer:
        """Answer as LiteLLM does; when the call beneath failed, as that one did."""
        patience = min(asyncio.get_running_loop().time() + self._timeouts.litellm_start_s, call.record.deadline)
        failure: Transient | None = None
        for _ in range(_CALLS):
            if not await self._is_loaded(until=patience):
                return _unavailable()
            try:
                answer = await self._ask(call)
            except TimeoutError:
                self._loaded = False
                return _unavailable()
            except Transient as caught:
                self._loaded = False
                _leave(call.record)
                failure = caught
                if failure.sent or call.record.asked.is_set():
                    break
            else:
                if answer.status < HTTPStatus.BAD_REQUEST:
                    return _watched(answer, call.record)
                return call.record.failure or untranslatable(None, _reason(answer))
        return call.record.failure or _untranslated(failure)

    async def _ask(self, call: Call) -> Answer:
        """Call LiteLLM.

        Raises:
            Transient: it failed.
            TimeoutError: it hangs, as it should have called us by now.
        """
        loop, started = asyncio.get_running_loop(), time.monotonic()
        target = Target(
            url=f"{self._url}{_PATHS[call.surface]}",
            headers={**self._headers, REQUEST_HEADER: call.record.request_id},
            idle_s=self._timeouts.idle_s + _SLACK_S,
        )
        async with asyncio.timeout(None) as patience:

            def give_up() -> None:
                if not call.record.asked.is_set():
                    patience.reschedule(loop.time())

            timer = loop.call_later(self._timeouts.litellm_s, give_up)
            try:
                return await attempt(
                    http=self._http,
                    call=call,
                    target=target,
                    until=call.record.deadline + _SLACK_S,
                    see=lambda _: None,
                    over=lambda _: None,
                )
            finally:
                timer.cancel()
                spent_ms = (time.monotonic() - started) * 1000
                call.record.litellm_ms = round(max(0.0, spent_ms - call.record.beneath_ms), 1)

    async def _is_loaded(self, *, until: float) -> bool:
        """Wait for LiteLLM. However many wait, it is asked every now and then."""
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


def _unavailable() -> Answer:
    message = "LiteLLM, which translates this request, does not answer. Please try again."
    return error(503, message, type="server_error", code="translation_unavailable", retry_after=5.0)


def _untranslated(failure: Transient | None) -> Answer:
    """LiteLLM may also refuse in a stream that it has begun."""
    if failure is None or is_transient(failure.status):
        return untranslatable(failure)
    return untranslatable(None, f"it answered {failure.status}.")


def _watched(answer: Answer, record: Record) -> Answer:
    def close() -> None:
        answer.close()
        _leave(record)

    return replace(answer, close=close)


def _leave(record: Record) -> None:
    """What LiteLLM still asks for nobody will read, and it would be paid for."""
    for task in record.beneath:
        task.cancel()


def _reason(answer: Answer) -> str:
    """The first line of LiteLLM's message, if a client may read it."""
    try:
        message = str(json.loads(answer.body if isinstance(answer.body, bytes) else b"")["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = ""
    line = _PREFIX.sub("", message.partition("\n")[0])[:300]
    return line if line and not _INTERNAL.search(line) else f"it answered {answer.status}."

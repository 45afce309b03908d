"""The step that has LiteLLM translate a request for an API that the model does not support.

LiteLLM's Azure endpoint is the gateway itself: failover happens in these inner calls. LiteLLM is therefore called once;
again only if it was not there to accept the call. It may still be starting, hang or have died: it is checked for being
up before a call; afterwards, it has to make its inner call in time.
"""

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus

import aiohttp

from ..configuration import Configuration
from ..context import ModelRequest, Response, now
from ..errors import translation_failed, translation_refused, translation_unavailable
from ..retries import RetryableError, is_retryable
from ..upstream.attempt import Endpoint, attempt
from .early_stream import wait_for_stream
from .response_fixes import select_litellm_fix

INNER_TOKEN_HEADER = "x-gateway-request"  # noqa: S105 - a name
_GRACE_S = 5.0
"""The inner call ends first, so that the client reads its error."""
_LONGEST_SILENCE_S = 3600.0
"""Until LiteLLM's first text, as long as Azure's stream goes on."""
_POLL_S = 0.25
_NO_REUSE = {"connection": "close"}
"""LiteLLM's server closes an idle connection after 5 s: a request that takes it at that moment breaks."""
_MAX_CALLS = 3
# LiteLLM's messages also describe keys, providers and its code, which is not for clients.
_PREFIX = re.compile(r"^([\w.]+(Error|Exception)\s*[:-]?\s*)+")
_INTERNAL = re.compile(
    r"litellm|azure|provider|api[ _-]?(key|base|version)|bearer|auth|https?:|python|traceback|nonetype|attribute|"
    r"argument|object|error\b|exception\b|\.py\b",
    re.IGNORECASE,
)


class Translation:
    """Calls LiteLLM."""

    def __init__(self, *, session: aiohttp.ClientSession, configuration: Configuration) -> None:
        self._client = LiteLLMClient(session=session, configuration=configuration)
        self._start_s = configuration.timeouts.litellm_start_s

    async def __call__(self, request: ModelRequest) -> Response:
        """Return LiteLLM's response, or the error of the inner call if that failed."""
        inner, calls = request.context.inner, 0
        start_deadline = min(now() + self._start_s, request.context.deadline)
        while await self._client.wait_until_up(deadline=start_deadline):
            calls += 1
            try:
                response = await self._client.send(request)
            except HangingError:
                break
            except RetryableError as error:
                inner.cancel()
                if calls == _MAX_CALLS or error.was_sent or inner.started.is_set():
                    return inner.failure or _failed(error)
            else:
                if response.status < 400:
                    return _cancelling_inner_calls(response, request)
                return inner.failure or translation_refused(_read_reason(response))
        return translation_unavailable()


def _failed(error: RetryableError) -> Response:
    """LiteLLM may also refuse a request in an event of its stream."""
    if is_retryable(error.status):
        return translation_failed(error)
    return translation_refused(f"it answered {error.status}.")


def _cancelling_inner_calls(response: Response, request: ModelRequest) -> Response:
    def close() -> None:
        response.close()
        request.context.inner.cancel()

    return replace(response, close=close)


def _read_reason(response: Response) -> str:
    """Return the first line of LiteLLM's message without what is internal to it."""
    try:
        message = str(json.loads(response.body if isinstance(response.body, bytes) else b"")["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = ""
    line = _PREFIX.sub("", message.partition("\n")[0])[:300]
    return line if line and not _INTERNAL.search(line) else f"it answered {response.status}."


class HangingError(Exception):
    """LiteLLM accepted a call and made no inner call in time."""


class LiteLLMClient:
    """One instance for all requests, which share what is known about LiteLLM's state."""

    def __init__(self, *, session: aiohttp.ClientSession, configuration: Configuration) -> None:
        self._session = session
        self._url = configuration.litellm_url
        self._timeouts = configuration.timeouts
        self._headers = {"authorization": f"Bearer {configuration.inner_key}", **_NO_REUSE}
        self._is_up = False
        self._check_turn = asyncio.Lock()

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
                    return await (self._stream(request) if request.stream else self._attempt(request))
                finally:
                    timer.cancel()
                    context.litellm_ms = round(max(0.0, (now() - started) * 1000 - context.inner.ms), 1)
        except TimeoutError:
            self._is_up = False
            raise HangingError from None
        except RetryableError:
            self._is_up = False
            raise

    async def _stream(self, request: ModelRequest) -> Response:
        calling = asyncio.create_task(self._attempt(request, deadline=request.context.deadline + _LONGEST_SILENCE_S))
        return await wait_for_stream(
            calling,
            request,
            deadline=request.context.deadline + _GRACE_S,
            keep_alive_s=self._timeouts.keep_alive_s,
            idle_s=self._timeouts.idle_s + _GRACE_S,
        )

    async def _attempt(self, request: ModelRequest, *, deadline: float | None = None) -> Response:
        endpoint = Endpoint(
            url=f"{self._url}/v1{request.surface}",
            headers={**self._headers, INNER_TOKEN_HEADER: request.context.inner.token},
            idle_s=self._timeouts.idle_s + _GRACE_S,
        )
        return await attempt(
            session=self._session,
            request=request,
            endpoint=endpoint,
            deadline=request.context.deadline + _GRACE_S if deadline is None else deadline,
            fix=select_litellm_fix(request),
            on_event=lambda data: request.context.inner.backlog.remove(data),
            on_end=_ignore,
        )

    async def wait_until_up(self, *, deadline: float) -> bool:
        """Return whether LiteLLM is up before the deadline.

        One waiting request checks for all of them; then they go on in the order in which they came.
        """
        if not self._is_up:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(deadline), self._check_turn:
                    while not self._is_up:
                        self._is_up = await self._check()
                        if not self._is_up:
                            await asyncio.sleep(_POLL_S)
        return self._is_up

    async def _check(self) -> bool:
        timeout = aiohttp.ClientTimeout(total=self._timeouts.connect_s)
        url = f"{self._url}/health/liveliness"
        try:
            async with self._session.get(url, timeout=timeout, headers=_NO_REUSE) as response:
                return response.status == HTTPStatus.OK
        except (aiohttp.ClientError, OSError):
            return False


def _ignore(_: RetryableError | None) -> None:
    """The inner calls report failures; only their circuit breakers count."""

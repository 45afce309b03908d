"""The step that has LiteLLM translate a request for an API that the model does not support.

LiteLLM's Azure endpoint is the gateway itself: failover happens in these inner calls. LiteLLM is therefore called once;
again only if it was not there to accept the call.
"""

import json
import re
from dataclasses import replace

import aiohttp

from ..configuration import Configuration
from ..context import ModelRequest, Response, now
from ..errors import translation_failed, translation_refused, translation_unavailable
from ..retries import RetryableError, is_retryable
from .client import HangingError, LiteLLMClient

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

"""What Azure does not speak itself goes to LiteLLM, whose Azure is this gateway again.

Retries happen beneath LiteLLM, where a failure is known first-hand: one call here, and no second one unless LiteLLM
was not there to take the first.
"""

import asyncio
import json
from http import HTTPStatus

import aiohttp

from .attempt import Target, attempt
from .configuration import Configuration
from .errors import error, untranslatable
from .exchange import Answer, Call, Transient

_SLACK_S = 5.0  # The call beneath ends first, so that its reason is the one that the client reads.
_POLL_S = 0.25
REQUEST_HEADER = "x-gateway-request"


class Translation:
    """The step that calls LiteLLM, and waits for it while it still loads."""

    def __init__(self, *, http: aiohttp.ClientSession, configuration: Configuration) -> None:
        self._http = http
        self._url = configuration.litellm_url
        self._key = configuration.inner_key
        self._timeouts = configuration.timeouts
        self._loaded = False

    async def __call__(self, call: Call) -> Answer:
        """Answer as LiteLLM does; when the call beneath failed, as that one did."""
        patience = min(asyncio.get_running_loop().time() + self._timeouts.litellm_start_s, call.record.deadline)
        while await self._is_loaded(until=patience):
            try:
                answer = await attempt(http=self._http, call=call, target=self._target(call))
            except Transient as failure:
                self._loaded = False
                if failure.sent:
                    return call.record.failure or untranslatable(failure)
            else:
                if answer.status < HTTPStatus.BAD_REQUEST:
                    return answer
                return call.record.failure or untranslatable(None, _reason(answer))
        message = "LiteLLM, which translates this request, is starting and not up yet. Please try again."
        return error(503, message, type="server_error", code="translation_unavailable", retry_after=5.0)

    def _target(self, call: Call) -> Target:
        return Target(
            name="litellm",
            url=f"{self._url}/v1/chat/completions",
            headers={"authorization": f"Bearer {self._key}", REQUEST_HEADER: call.record.request_id},
            first_event_s=self._timeouts.total_s + _SLACK_S,
            idle_s=self._timeouts.idle_s + _SLACK_S,
            answer_s=self._timeouts.total_s + _SLACK_S,
            slack_s=_SLACK_S,
        )

    async def _is_loaded(self, *, until: float) -> bool:
        while not self._loaded:
            try:
                timeout = aiohttp.ClientTimeout(total=self._timeouts.connect_s)
                async with self._http.get(f"{self._url}/health/liveliness", timeout=timeout) as response:
                    self._loaded = response.status == HTTPStatus.OK
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            if not self._loaded:
                if asyncio.get_running_loop().time() >= until:
                    return False
                await asyncio.sleep(_POLL_S)
        return True


def _reason(answer: Answer) -> str:
    """The first line of LiteLLM's message: Python's own account of where it failed follows on the next ones."""
    try:
        message = json.loads(answer.body if isinstance(answer.body, bytes) else b"")["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = ""
    return str(message).partition("\n")[0][:300] or f"it answered {answer.status}."

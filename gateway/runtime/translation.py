"""What Azure does not speak itself goes to LiteLLM, whose Azure is this gateway again.

Failover happens beneath LiteLLM, where a failure is known first-hand: one call here, and no second one unless LiteLLM
was not there to take the first.
"""

import asyncio
import json
import re
from dataclasses import replace

import aiohttp

from .configuration import Configuration
from .errors import error, untranslatable
from .exchange import Answer, Call, Record, Transient, is_transient
from .translator import HangsError, Translator

_CALLS = 3  # that LiteLLM was not there to take
# LiteLLM tells its operator of its keys, its providers and its own code; clients need not know them.
_PREFIX = re.compile(r"^([\w.]+(Error|Exception)\s*[:-]?\s*)+")
_INTERNAL = re.compile(
    r"litellm|azure|provider|api[ _-]?(key|base|version)|bearer|auth|https?:|python|traceback|nonetype|attribute|"
    r"argument|object|error\b|exception\b|\.py\b",
    re.IGNORECASE,
)


class Translation:
    """The step that has a call translated, and answers for LiteLLM."""

    def __init__(self, *, http: aiohttp.ClientSession, configuration: Configuration) -> None:
        self._translator = Translator(http=http, configuration=configuration)
        self._start_s = configuration.timeouts.litellm_start_s

    async def __call__(self, call: Call) -> Answer:
        """Answer as LiteLLM does; when the call beneath failed, as that one did."""
        record, failure = call.record, None
        patience = min(asyncio.get_running_loop().time() + self._start_s, record.deadline)
        for _ in range(_CALLS):
            try:
                if not await self._translator.loaded(until=patience):
                    return _unavailable()
                answer = await self._translator.ask(call)
            except HangsError:
                return _unavailable()
            except Transient as caught:
                _leave(record)
                failure = caught
                if failure.sent or record.asked.is_set():
                    break
            else:
                if answer.status < 400:
                    return _watched(answer, record)
                return record.failure or untranslatable(None, _reason(answer))
        return record.failure or _untranslated(failure)


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

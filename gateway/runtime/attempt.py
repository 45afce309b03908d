"""One call of one upstream: its answer, once it is certain to be one, or a `Transient`."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from .errors import error
from .events import MalformedEventError
from .exchange import Answer, Call, Transient
from .stream import UpstreamStream, is_transient

_PASSED_ON = ("content-type", "retry-after", "x-ratelimit-")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a call goes, and how many seconds it may take there: to its first real event, between two, in whole."""

    name: str
    url: str
    headers: Mapping[str, str]
    first_event_s: float
    idle_s: float
    answer_s: float
    slack_s: float = 0.0
    """How long after the request's deadline it may still answer."""


async def attempt(*, http: aiohttp.ClientSession, call: Call, target: Target) -> Answer:
    """Make the call and note it in the record.

    Raises:
        Transient: it failed before the client saw anything of it.
    """
    started = time.monotonic()
    note: dict[str, object] = {"upstream": target.name}
    call.record.attempts.append(note)
    try:
        answer = await _bounded(http=http, call=call, target=target)
    except Transient as failure:
        note |= {"status": failure.status, "reason": failure.reason}
        raise
    else:
        note["status"] = answer.status
        return answer
    finally:
        note["ms"] = round((time.monotonic() - started) * 1000, 1)


async def _bounded(*, http: aiohttp.ClientSession, call: Call, target: Target) -> Answer:
    limit = asyncio.get_running_loop().time() + (target.first_event_s if call.stream else target.answer_s)
    headers = {"content-type": "application/json", "accept-encoding": "identity", **target.headers}
    try:
        async with asyncio.timeout_at(min(limit, call.record.deadline + target.slack_s)):
            response = await http.post(target.url, data=call.body, headers=headers, allow_redirects=False)
            try:
                return await _answer(response=response, call=call, target=target)
            except BaseException:
                response.close()
                raise
    except aiohttp.ClientConnectorError as broken:
        raise Transient(502, type(broken).__name__, sent=False) from None
    except TimeoutError:
        raise Transient(504, "TimeoutError") from None
    except (aiohttp.ClientError, OSError, MalformedEventError) as broken:
        raise Transient(502, type(broken).__name__) from None


async def _answer(*, response: aiohttp.ClientResponse, call: Call, target: Target) -> Answer:
    headers = {name: value for name, value in response.headers.items() if name.lower().startswith(_PASSED_ON)}
    if is_transient(response.status):
        raise Transient(response.status, "status", retry_after=_retry_after(response.headers))
    if response.status >= 400 or not call.stream:
        return await _whole(response, headers)
    if response.content_type != "text/event-stream":
        raise Transient(502, "NotAStream")
    stream = UpstreamStream(response=response, call=call, idle_s=target.idle_s)
    first = await stream.first()
    return Answer(status=response.status, body=stream.rest(first), headers=headers, close=response.close)


async def _whole(response: aiohttp.ClientResponse, headers: Mapping[str, str]) -> Answer:
    body = await response.read()
    try:
        json.loads(body)
    except ValueError:
        if response.status < 400:
            raise Transient(502, "NotJSON") from None
        return error(response.status, f"The upstream answered {response.status} without saying why.")
    return Answer(status=response.status, body=body, headers=headers)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait; Azure tells them whole, and in milliseconds beside.

    https://learn.microsoft.com/azure/ai-services/openai/how-to/quota
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / unit)
        except (KeyError, ValueError):
            continue
    return None

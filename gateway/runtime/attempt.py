"""One call of one upstream: its answer, once it is certain to be one, or a `Transient`."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from .errors import error
from .events import failure_of
from .exchange import Answer, Call, Transient, is_transient
from .repairs import Repair, repair_of
from .retry_after import retry_after_s
from .stream import Over, See, UpstreamStream

_PASSED_ON = ("content-type", "retry-after", "x-ratelimit-")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a call goes, with which headers; `idle_s` is the longest silence in a stream from there."""

    url: str
    headers: Mapping[str, str]
    idle_s: float


async def attempt(
    *, http: aiohttp.ClientSession, call: Call, target: Target, until: float, see: See, over: Over
) -> Answer:
    """Make the call; its answer, or a stream's first real event, is due at `until`, by the event loop's time.

    Raises:
        Transient: it failed before the client saw anything of it.
    """
    headers = {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "x-ms-client-request-id": call.record.request_id,
        **target.headers,
    }
    try:
        async with asyncio.timeout_at(until):
            response = await http.post(target.url, data=call.body, headers=headers, allow_redirects=False)
            try:
                return await _answer(response=response, call=call, target=target, see=see, over=over)
            except BaseException:
                response.close()
                raise
    except TimeoutError as late:
        raise Transient(504, type(late).__name__) from None
    except (aiohttp.ClientError, OSError) as broken:
        taken = not isinstance(broken, aiohttp.ClientConnectionError)
        raise Transient(502, type(broken).__name__, sent=taken) from None


async def _answer(*, response: aiohttp.ClientResponse, call: Call, target: Target, see: See, over: Over) -> Answer:
    status = response.status
    if is_transient(status) or 300 <= status < 400:
        raise Transient(status, "status", retry_after=retry_after_s(response.headers))
    headers = {name: value for name, value in response.headers.items() if name.lower().startswith(_PASSED_ON)}
    if status >= 400:
        return await _refusal(response, headers)
    repair = repair_of(call)
    if not call.stream:
        body = await _whole(response=response, repair=repair, see=see)
        over(None)
        return Answer(status=status, body=body, headers=headers)
    if response.content_type != "text/event-stream":
        raise Transient(502, "not a stream")
    stream = UpstreamStream(response=response, call=call, repair=repair, idle_s=target.idle_s, see=see, over=over)
    first = await stream.first()
    return Answer(status=status, body=stream.rest(first), headers=headers, close=stream.close)


async def _whole(*, response: aiohttp.ClientResponse, repair: Repair, see: See) -> bytes:
    body = await response.read()
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or "json" not in response.content_type:
        raise Transient(502, "not JSON")
    if data.get("error"):  # whole and no answer, though its status says so: as in a stream
        status = failure_of(data["error"]).status
        if is_transient(status):
            raise Transient(status, "error in the answer")
    see(data)
    return repair.whole(body, data)


async def _refusal(response: aiohttp.ClientResponse, headers: Mapping[str, str]) -> Answer:
    body = await response.read()
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return error(response.status, f"The upstream answered {response.status} without saying why.")
    return Answer(status=response.status, body=body, headers=headers)

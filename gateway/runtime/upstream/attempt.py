"""One call of an upstream, Azure or LiteLLM: its response once that is valid, or a `RetryableError`."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import aiohttp

from ..context import ModelRequest, Response, Surface, now
from ..errors import error_response
from ..json_codec import loads
from ..retries import RetryableError, is_retryable, read_retry_after_s
from .authentication import is_token_rejected
from .managed_identity import ManagedIdentity
from .response_fixes import ResponseFix
from .server_sent_events import read_error
from .stream import OnEnd, OnEvent, UpstreamStream

_FORWARDED_HEADERS = ("content-type", "retry-after")  # rate limits are of the whole resource, not of a project


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a call goes, with which headers. `identity`: whose token it needs besides, if any.

    `headers_s`: how long the response headers of a stream or of embeddings may take. `idle_s`: the longest silence that
    its streams may have.
    """

    url: str
    headers: Mapping[str, str]
    idle_s: float
    headers_s: float = math.inf
    method: str = "POST"
    identity: ManagedIdentity | None = None


async def attempt(
    *,
    session: aiohttp.ClientSession,
    request: ModelRequest,
    endpoint: Endpoint,
    deadline: float,
    fix: ResponseFix,
    on_event: OnEvent,
    on_end: OnEnd,
) -> Response:
    """Call an upstream. The response, or the first event with content of a stream, is due at the deadline.

    Raises:
        RetryableError: it failed before the client received anything.
    """
    if endpoint.identity:
        call = partial(attempt, session=session, request=request, fix=fix, on_event=on_event, on_end=on_end)
        latest = request.context.deadline
        return await _attempt_with_token(call, endpoint, endpoint.identity, deadline=deadline, latest=latest)
    headers = {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "x-ms-client-request-id": request.context.request_id,
        **endpoint.headers,
    }
    # Azure sends the headers of a stream at once; a whole answer of a model may take minutes.
    has_early_headers = request.stream or request.surface is Surface.EMBEDDINGS
    headers_deadline = now() + endpoint.headers_s if has_early_headers else math.inf
    try:
        async with asyncio.timeout_at(min(deadline, headers_deadline)) as timeout:
            http_response = await session.request(
                endpoint.method, endpoint.url, data=request.body or None, headers=headers, allow_redirects=False
            )
            try:
                timeout.reschedule(deadline)
                return await _read_response(http_response, request, endpoint, fix, on_event, on_end)
            except BaseException:
                http_response.close()
                raise
    except TimeoutError as late:
        raise RetryableError(504, type(late).__name__) from None
    except (aiohttp.ClientError, OSError) as broken:
        was_sent = not isinstance(broken, aiohttp.ClientConnectionError)
        raise RetryableError(502, type(broken).__name__, was_sent=was_sent) from None


async def _attempt_with_token(
    call: Callable[..., Awaitable[Response]],
    endpoint: Endpoint,
    identity: ManagedIdentity,
    *,
    deadline: float,
    latest: float,
) -> Response:
    """Call with a token of the identity; once more if the upstream rejects it and there is a newer one.

    The upstream is not blamed for the wait for a token: the deadline comes so much later, if not after the `latest`.
    """
    asked = now()
    token = await identity.token(deadline=deadline)
    deadline = min(deadline + now() - asked, latest)
    response = await call(endpoint=_with_token(endpoint, token), deadline=deadline)
    asked = now()
    if is_token_rejected(response) and (newer := await identity.replace(token, deadline=deadline)):
        deadline = min(deadline + now() - asked, latest)
        response = await call(endpoint=_with_token(endpoint, newer), deadline=deadline)
    return response


def _with_token(endpoint: Endpoint, token: str) -> Endpoint:
    return replace(endpoint, headers={**endpoint.headers, "authorization": f"Bearer {token}"}, identity=None)


async def _read_response(
    http_response: aiohttp.ClientResponse,
    request: ModelRequest,
    endpoint: Endpoint,
    fix: ResponseFix,
    on_event: OnEvent,
    on_end: OnEnd,
) -> Response:
    status = http_response.status
    if is_retryable(status) or 300 <= status < 400:
        raise RetryableError(status, "status", retry_after_s=read_retry_after_s(http_response.headers))
    headers = {
        name: value for name, value in http_response.headers.items() if name.lower().startswith(_FORWARDED_HEADERS)
    }
    if status >= 400:
        return await _read_refusal(http_response, headers)
    if not request.stream:
        body = await _read_body(http_response, fix, on_event)
        on_end(None)
        return Response(status=status, body=body, headers=headers)
    if http_response.content_type != "text/event-stream":
        raise RetryableError(502, "not a stream")
    stream = UpstreamStream(
        http_response=http_response,
        request=request,
        fix=fix,
        idle_s=endpoint.idle_s,
        on_event=on_event,
        on_end=on_end,
    )
    # A stored response may be silent for long, and no other region has it.
    beginning = b"" if request.operation else await stream.read_beginning()
    return Response(status=status, body=stream.read_rest(beginning), headers=headers, close=stream.close)


async def _read_body(http_response: aiohttp.ClientResponse, fix: ResponseFix, on_event: OnEvent) -> bytes:
    body = await http_response.read()
    try:
        data = loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or "json" not in http_response.content_type:
        raise RetryableError(502, "not JSON")
    if data.get("error"):  # an error with status 200, as in a stream
        status = read_error(data["error"]).status
        if is_retryable(status):
            on_event({"usage": data.get("usage")})
            raise RetryableError(status, "error in the answer")
    on_event(data)
    return fix.fix_body(body, data)


async def _read_refusal(http_response: aiohttp.ClientResponse, headers: Mapping[str, str]) -> Response:
    body = await http_response.read()
    try:
        loads(body)
    except (ValueError, RecursionError):
        message = f"The upstream returned status {http_response.status} without an error message."
        return error_response(http_response.status, message)
    return Response(status=http_response.status, body=body, headers=headers)

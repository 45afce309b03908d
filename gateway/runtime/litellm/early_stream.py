"""Opens the client's stream while LiteLLM has nothing to say: it answers with its first text.

Until then a model may reason for minutes, and the ingress closes a connection on which nothing is sent for 240 s.
"""

import asyncio
from asyncio import Task
from collections.abc import AsyncIterator
from contextlib import suppress

from ..context import ModelRequest, Response, now
from ..errors import interruption_event
from ..retries import RetryableError
from ..upstream.server_sent_events import KEEP_ALIVE

_HEADERS = {"content-type": "text/event-stream; charset=utf-8"}


async def wait_for_stream(
    calling: Task[Response], request: ModelRequest, *, deadline: float, keep_alive_s: float, idle_s: float
) -> Response:
    """Return LiteLLM's response, or a stream that begins with a comment if only Azure's has begun.

    Raises:
        RetryableError: LiteLLM failed, or neither came until the deadline.
    """
    calling.add_done_callback(_ignore_failure)
    begun = asyncio.create_task(request.context.inner.begun.wait())
    try:
        await asyncio.wait({calling, begun}, timeout=deadline - now(), return_when=asyncio.FIRST_COMPLETED)
        if begun.done():
            await asyncio.wait({calling}, timeout=keep_alive_s)
        has_begun = begun.done()
    except BaseException:
        _close(calling)
        raise
    finally:
        begun.cancel()
    if calling.done():
        return calling.result()
    if not has_begun:
        calling.cancel()
        raise RetryableError(504, "TimeoutError")
    body = _read(calling, request, idle_s=idle_s)
    return Response(status=200, body=body, headers=_HEADERS, close=lambda: _close(calling))


async def _read(calling: Task[Response], request: ModelRequest, *, idle_s: float) -> AsyncIterator[bytes]:
    """Yield a comment, then LiteLLM's stream. It may be silent for as long as Azure goes on."""
    yield KEEP_ALIVE
    while not (await asyncio.wait({calling}, timeout=idle_s))[0] and request.context.inner.tasks:
        pass
    body: bytes | AsyncIterator[bytes] = b""
    if calling.done():
        with suppress(RetryableError):
            body = calling.result().body
    if isinstance(body, bytes):
        request.context.error = "upstream_interrupted"
        yield interruption_event(request.surface, 0)
        return
    async for part in body:
        yield part


def _close(calling: Task[Response]) -> None:
    if calling.done() and not calling.cancelled() and not calling.exception():
        calling.result().close()
    else:
        calling.cancel()


def _ignore_failure(calling: Task[Response]) -> None:
    """Whoever waits for the task gets its exception; nobody does after the client has left."""
    if not calling.cancelled():
        calling.exception()

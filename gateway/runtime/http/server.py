"""The HTTP server: every request goes to one handler, and all errors have OpenAI's format.

aiohttp's own error responses are plain text, quote the bytes that could not be parsed, and name aiohttp and Python. So
do those of its router. The gateway therefore uses the low-level server.
https://docs.aiohttp.org/en/stable/web_lowlevel.html
"""

import asyncio
import logging
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import LineTooLong

from settings.limits import Limits, Timeouts

from ..access_log import LogEvent
from ..context import Response, now
from ..errors import error_response, internal_error

SERVER_HEADER = {"server": "gateway"}
_NO_LOG = logging.Logger("aiohttp", level=logging.CRITICAL + 1)  # aiohttp would quote malformed input, even a key

_MAX_HEAD_BYTES = 65_536
"""aiohttp bounds only each line of a head and their number: together that is a megabyte. Envoy allows 60 KiB.

https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto
"""
_DISCARD_S = 10.0
_TCP_INFO = struct.Struct("=24x I 92x Q 16x I")
"""The packets that are not acknowledged, the bytes that are, and the bytes that are not sent, in Linux's `tcp_info`.

https://github.com/torvalds/linux/blob/master/include/uapi/linux/tcp.h
"""
_LOG_PAUSE_S = 60.0


class Server(web.Server):
    """Creates a `Connection` for each client connection, and bounds their number."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        timeouts: Timeouts,
        limits: Limits,
        log_event: LogEvent,
    ) -> None:
        super().__init__(handler, handler_cancellation=True)
        self.timeouts = timeouts
        self.limits = limits
        self.log_event = log_event
        self.idle: dict[Connection, None] = {}
        """Connections without a request, from the longest idle one on."""
        self.patient: set[web.RequestHandler] = set()
        """Connections of LiteLLM, which reads no faster than its own client."""
        self._closed = 0
        self._next_log = 0.0
        self._unread: dict[web.RequestHandler, int] = {}
        """Connections whose clients had not read everything at the last look, and their progress."""
        self._unread_timer = asyncio.get_running_loop().call_later(timeouts.send_s, self._close_unread)

    def __call__(self) -> "Connection":
        """Accept a connection."""
        return Connection(self)

    def make_room(self, new: "Connection") -> None:
        """Close the longest idle connection if there are too many, or the new one if all others are in use."""
        if len(self.connections) <= self.limits.max_connections:
            return
        closed = next(iter(self.idle), new)
        self.idle.pop(closed, None)
        transport = self._connections[closed]
        closed.force_close()
        transport.abort()  # what its client does not read would keep it open
        self._closed += 1
        if (time := now()) >= self._next_log:
            self.log_event({"event": "too_many_connections", "closed": self._closed})
            self._closed, self._next_log = 0, time + _LOG_PAUSE_S

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - aiohttp's name
        """Close all connections."""
        self._unread_timer.cancel()
        await super().shutdown(timeout)

    def _close_unread(self) -> None:
        """Close connections whose clients have read nothing since the last look, also those that are closing.

        One timer for all of them costs a response nothing. A client that reads slowly is no matter.
        """
        self._unread_timer = asyncio.get_running_loop().call_later(self.timeouts.send_s, self._close_unread)
        before, self._unread, closed = self._unread, {}, 0
        for connection, transport in list(self._connections.items()):
            progress = None if connection in self.patient else _progress(transport)
            if progress is None:
                continue
            if progress == before.get(connection):
                transport.abort()
                closed += 1
            else:
                self._unread[connection] = progress
        if closed:
            self.log_event({"event": "unread_responses", "closed": closed})


class Connection(web.RequestHandler):
    """One client connection."""

    __slots__ = ("_head_bytes", "_head_timer", "_server")

    def __init__(self, server: Server) -> None:
        # aiohttp would decompress even a body that it only discards: a decompression bomb would need no key.
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            logger=_NO_LOG,
            access_log=_NO_LOG,
            auto_decompress=False,
            keepalive_timeout=server.timeouts.idle_connection_s,
            lingering_time=0.0,
        )
        self._server = server
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect the first request."""
        super().connection_made(transport)
        self._expect_head()
        self._server.make_room(self)
        self._server.idle[self] = None

    def data_received(self, data: bytes) -> None:
        """Limit the time and the length of an incomplete head; aiohttp would wait for it as for the next request."""
        super().data_received(data)
        if self._messages:
            self._server.idle.pop(self, None)
            self._stop_head_timer()
            return
        if self._is_waiting and self._head_timer is None:
            self._expect_head()
        if self._head_timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > _MAX_HEAD_BYTES:
                self._refuse_long_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        self._server.idle.pop(self, None)
        self._server.patient.discard(self)
        self._stop_head_timer()
        super().connection_lost(exc)

    def wait_for_client(self) -> None:
        """Stay open however slowly the client reads."""
        self._server.patient.add(self)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the response, then discard what the handler has not read of a body, up to the size of a body.

        Many clients read a response only when they have sent everything. One that never reads, and has no key, does not
        keep its connection in use: a refusal is sent here, and it counts as idle while that lasts.
        """
        if self.transport is not None:
            self._server.idle[self] = None
        sent = await super().finish_response(request, resp, start_time)
        if not request.content.is_eof():
            with suppress(TimeoutError):
                async with asyncio.timeout(_DISCARD_S):
                    await _discard(request.content, self._server.limits.max_body_bytes)
        return sent

    @property
    def _is_waiting(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _expect_head(self) -> None:
        self._head_bytes = 0
        limit_s = self._server.timeouts.request_head_s
        self._head_timer = asyncio.get_running_loop().call_later(limit_s, self._close_without_head)

    def _close_without_head(self) -> None:
        self._head_timer = None
        if self._is_waiting:
            self.force_close()

    def _refuse_long_head(self) -> None:
        address = self.peername[0] if isinstance(self.peername, tuple) else None
        event: dict[str, object] = {"event": "request_failed", "status": 431, "error": LineTooLong.__name__}
        self._server.log_event({**event, "client_address": address})
        if self.transport is not None:
            body = _invalid_http(431).body
            assert isinstance(body, bytes)  # noqa: S101 - an error is no stream
            lines = (
                "HTTP/1.1 431 Request Header Fields Too Large",
                "content-type: application/json",
                "server: gateway",
            )
            head = "\r\n".join([*lines, "connection: close", f"content-length: {len(body)}", "", ""])
            self.transport.write(head.encode() + body)
        self.force_close()

    def _stop_head_timer(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer malformed HTTP and exceptions of the handler, and close the connection."""
        del message
        status = 431 if isinstance(exc, LineTooLong) else status
        event: dict[str, object] = {"event": "request_failed", "status": status, "error": type(exc).__name__}
        self._server.log_event(event if status >= 500 else {**event, "client_address": request.remote})
        if request.writer.output_size > 0:
            raise ConnectionError("the response has begun")
        response = _invalid_http(status) if status < 500 else internal_error(status)
        http_response = to_http_response(response)
        http_response.force_close()
        return http_response


def _progress(transport: asyncio.Transport) -> int | None:
    """Return a number that changes while the client reads, or None if nothing is left to read.

    It is how much the client's system has acknowledged. Where ours does not tell that, it is how much this process has
    to send, which is less exact: the kernel takes megabytes at once, and a stream fills up to the same size again.
    """
    unsent = transport.get_write_buffer_size()
    if sys.platform == "linux" and (unsent or not transport.is_closing()):
        with suppress(OSError, struct.error):
            connected = transport.get_extra_info("socket")
            info = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
            in_flight, acknowledged, waiting = _TCP_INFO.unpack(info)
            return acknowledged or unsent if unsent or in_flight or waiting else None
    return unsent or None


def _invalid_http(status: int) -> Response:
    return error_response(status, "The request is not valid HTTP.", code="invalid_http")


async def _discard(content: StreamReader, max_bytes: int) -> None:
    discarded = 0
    while not content.is_eof() and discarded <= max_bytes:
        discarded += len(await content.readany())


def to_http_response(response: Response) -> web.StreamResponse:
    """Convert a response for aiohttp; the body of a stream is not written yet."""
    headers = {**response.headers, **SERVER_HEADER}
    if isinstance(response.body, bytes):
        return web.Response(status=response.status, body=response.body, headers=headers)
    return web.StreamResponse(status=response.status, headers=headers)

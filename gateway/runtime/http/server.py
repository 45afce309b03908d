"""The HTTP server: every request goes to one handler, and all errors have OpenAI's format.

aiohttp's own error responses are plain text, quote the bytes that could not be parsed, and name aiohttp and Python. So
do those of its router. The gateway therefore uses the low-level server.
https://docs.aiohttp.org/en/stable/web_lowlevel.html
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from ..access_log import LogEvent
from ..context import Response
from ..errors import error_response, internal_error

SERVER_HEADER = {"server": "gateway"}
_NO_LOG = logging.Logger("aiohttp", level=logging.CRITICAL + 1)  # aiohttp would quote malformed input, even a key


class Server(web.Server):
    """Creates a `Connection` for each client connection."""

    def __init__(
        self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], *, log_event: LogEvent
    ) -> None:
        super().__init__(handler, handler_cancellation=True)
        self._log_event = log_event

    def __call__(self) -> "Connection":
        """Accept a connection."""
        return Connection(self, log_event=self._log_event)


class Connection(web.RequestHandler):
    """One client connection; `log_event` gets the errors that no handler has answered."""

    __slots__ = ("_log_event",)

    def __init__(self, server: Server, *, log_event: LogEvent) -> None:
        # aiohttp would decompress even a body that it only discards: a decompression bomb would need no key.
        loop = asyncio.get_running_loop()
        super().__init__(server, loop=loop, logger=_NO_LOG, access_log=_NO_LOG, auto_decompress=False)
        self._log_event = log_event

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
        self._log_event({"event": "request_failed", "status": status, "error": type(exc).__name__})
        if request.writer.output_size > 0:
            raise ConnectionError("the response has begun")
        if status < 500:
            response = error_response(status, "The request is not valid HTTP.", code="invalid_http")
        else:
            response = internal_error(status)
        http_response = to_http_response(response)
        http_response.force_close()
        return http_response


def to_http_response(response: Response) -> web.StreamResponse:
    """Convert a response for aiohttp; the body of a stream is not written yet."""
    headers = {**response.headers, **SERVER_HEADER}
    if isinstance(response.body, bytes):
        return web.Response(status=response.status, body=response.body, headers=headers)
    return web.StreamResponse(status=response.status, headers=headers)

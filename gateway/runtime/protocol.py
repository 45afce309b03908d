"""The HTTP server: every request goes to one handler, and what aiohttp would answer by itself is said in our words.

aiohttp's own refusals are plain text, quote the bytes that it could not parse, and name aiohttp and Python. Its router
has such answers, too; so the gateway uses the server beneath it.
https://docs.aiohttp.org/en/stable/web_lowlevel.html
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from .errors import error
from .exchange import Answer

SERVER = {"server": "gateway"}
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Tell = Callable[[dict[str, object]], None]

_NO_LOG = logging.Logger("aiohttp", level=logging.CRITICAL + 1)  # it would quote what it cannot parse, be it a key


class Server(web.Server):
    """Makes a `Protocol` of each connection; `tell` takes a note of each request that no handler has answered."""

    def __init__(self, handle: Handler, *, tell: Tell) -> None:
        super().__init__(handle, handler_cancellation=True)
        self._tell = tell

    def __call__(self) -> "Protocol":
        """Take the next connection."""
        return Protocol(self, tell=self._tell)


class Protocol(web.RequestHandler):
    """One connection."""

    __slots__ = ("_tell",)

    def __init__(self, server: Server, *, tell: Tell) -> None:
        # aiohttp would inflate even what is only read to be thrown away: a bomb needs no key.
        loop = asyncio.get_running_loop()
        super().__init__(server, loop=loop, logger=_NO_LOG, access_log=_NO_LOG, auto_decompress=False)
        self._tell = tell

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP, or what the handler died of; the connection ends with it."""
        del message
        status = 431 if isinstance(exc, LineTooLong) else status
        self._tell({"event": "request_failed", "status": status, "error": type(exc).__name__})
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun")
        if status < 500:
            answer = error(status, "This is no HTTP request that the gateway can read.", code="invalid_http")
        else:
            answer = error(status, "The gateway failed.", type="server_error", code="internal_error")
        response = response_of(answer)
        response.force_close()
        return response


def response_of(answer: Answer) -> web.StreamResponse:
    """The answer in aiohttp's words, without aiohttp's name; a stream's parts are still to be written."""
    headers = {**answer.headers, **SERVER}
    if isinstance(answer.body, bytes):
        return web.Response(status=answer.status, body=answer.body, headers=headers)
    return web.StreamResponse(status=answer.status, headers=headers)

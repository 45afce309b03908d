"""The gateway as a server: one client session for all upstreams, one handler for every request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from .configuration import Configuration
from .protocol import Server
from .request_log import RequestLog
from .serve import Drain
from .server import Gateway


@asynccontextmanager
async def open_server(configuration: Configuration, *, drain: Drain, log: RequestLog) -> AsyncIterator[Server]:
    """Open the session and build the server; it answers until the block ends."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=configuration.timeouts.connect_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as http:
        gateway = Gateway(configuration=configuration, http=http, drain=drain, log=log)
        yield Server(gateway.handle, tell=log.tell)

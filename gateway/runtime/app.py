"""The application that aiohttp serves: one client session for all upstreams, one handler for every path."""

from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from .configuration import Configuration
from .request_log import RequestLog
from .serve import Drain
from .server import Gateway

_GATEWAY = web.AppKey("gateway", Gateway)


def build_app(configuration: Configuration, *, drain: Drain, log: RequestLog) -> web.Application:
    """Build the application; its session lives as long as it serves."""

    async def connect(app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=configuration.timeouts.connect_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        ) as http:
            app[_GATEWAY] = Gateway(configuration=configuration, http=http, drain=drain, log=log)
            yield

    async def handle(request: web.Request) -> web.StreamResponse:
        return await request.app[_GATEWAY].handle(request)

    app = web.Application(client_max_size=configuration.limits.max_body_bytes)
    app.cleanup_ctx.append(connect)
    app.router.add_route("*", "/{path:.*}", handle)
    return app

"""HTTP on the outside: reads a request, hands it to the steps, writes their answer and the log's line."""

import json
import time
from collections.abc import AsyncIterator, Mapping

import aiohttp
from aiohttp import web

from .configuration import Configuration
from .door import Door, RefusedError
from .errors import error
from .exchange import Answer, Call, Record, Step, Surface
from .request_log import RequestLog
from .retries import Retrying
from .routes import HEALTH, Route, find_route
from .straight import Straight
from .translation import REQUEST_HEADER, Translation

_SERVER = "gateway"  # aiohttp would name itself and its version


class Gateway:
    """Composes the steps; one instance answers every request of the process."""

    def __init__(self, *, configuration: Configuration, http: aiohttp.ClientSession) -> None:
        self._door = Door(configuration)
        self._log = RequestLog()
        self._total_s = configuration.timeouts.total_s
        self._models = _list_of(configuration)
        straight = Straight(http=http, timeouts=configuration.timeouts)
        self._straight: Step = Retrying(step=straight, retries=configuration.retries)
        self._translation: Step = Translation(http=http, configuration=configuration)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request and log it; probes leave no line."""
        path = request.rel_url.raw_path
        if path in HEALTH and request.method == "GET":
            return web.json_response({"status": "ok"}, headers={"server": _SERVER})
        route = find_route(request.method, path)
        if route and self._door.is_inner(request, route):
            outer = self._log.find(request.headers.get(REQUEST_HEADER, ""))
            if outer:
                return await self._answer_inner(request, route, outer)
        record = self._log.open(route=route.name if route else "unknown", total_s=self._total_s)
        try:
            answer = await self._answer(request, route, record)
            return await self._send(request, answer, record)
        except BaseException as unexpected:
            record.error = type(unexpected).__name__
            raise
        finally:
            self._log.close(record)

    async def _answer_inner(self, request: web.Request, route: Route, outer: Record) -> web.StreamResponse:
        answer = await self._answer(request, route, outer)
        if answer.status >= 400:
            outer.failure = answer
        return await self._write(request, answer)

    async def _answer(self, request: web.Request, route: Route | None, record: Record) -> Answer:
        if route is None:
            return error(404, "There is no such route here.", code="not_found")
        try:
            self._door.check_key(request, route)
            if route.surface is None:
                return Answer(status=200, body=self._models, headers={"content-type": "application/json"})
            call = await self._door.admit(request, route, record)
        except RefusedError as refused:
            return refused.answer
        record.model, record.stream = call.model.name, call.stream
        return await self._step(call)(call)

    def _step(self, call: Call) -> Step:
        is_translated = call.surface is Surface.CHAT and call.model.kind == "responses"
        return self._translation if is_translated else self._straight

    async def _send(self, request: web.Request, answer: Answer, record: Record) -> web.StreamResponse:
        record.status, record.first_byte, record.error = answer.status, time.monotonic(), answer.error
        return await self._write(request, answer, {"x-request-id": record.request_id})

    @staticmethod
    async def _write(
        request: web.Request, answer: Answer, headers: Mapping[str, str] | None = None
    ) -> web.StreamResponse:
        headers = {**answer.headers, **(headers or {}), "server": _SERVER}
        if isinstance(answer.body, bytes):
            return web.Response(status=answer.status, body=answer.body, headers=headers)
        response = web.StreamResponse(status=answer.status, headers=headers)
        try:
            await response.prepare(request)
            async for part in answer.body:
                await response.write(part)
            await response.write_eof()
        finally:
            answer.close()
        return response


def _list_of(configuration: Configuration) -> bytes:
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "azure"} for name in configuration.models]
    return json.dumps({"object": "list", "data": models}).encode()


def build_app(configuration: Configuration) -> web.Application:
    """Build the application: one client session for all upstreams, and one handler for every path."""
    app = web.Application(client_max_size=configuration.max_body_bytes)

    async def run(app: web.Application) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=configuration.timeouts.connect_s)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        ) as http:
            app[GATEWAY] = Gateway(configuration=configuration, http=http)
            yield

    async def handle(request: web.Request) -> web.StreamResponse:
        return await request.app[GATEWAY].handle(request)

    app.cleanup_ctx.append(run)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


GATEWAY = web.AppKey("gateway", Gateway)

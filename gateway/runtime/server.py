"""The chain of steps behind one URL: reads a request, hands it down, writes the answer and the log's line."""

import asyncio
import json
import time
import traceback
from dataclasses import replace

import aiohttp
from aiohttp import web

from .configuration import Configuration
from .door import Door, RefusedError
from .errors import error
from .exchange import Answer, Call, Record, Step
from .request_log import RequestLog
from .retries import Retrying
from .routes import HEALTH, Route, find_route
from .straight import Straight
from .translation import REQUEST_HEADER, Translation

_SERVER = {"server": "gateway"}  # aiohttp would name itself and its version


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
            return web.json_response({"status": "ok"}, headers=_SERVER)
        route = find_route(request.method, path)
        if route and self._door.is_inner(request, route):
            outer = self._log.find(request.headers.get(REQUEST_HEADER, ""))
            if outer:
                return await self._handle_inner(request, route, outer)
        record = self._log.open(route=route.name if route else "unknown", total_s=self._total_s)
        try:
            answer = await self._answer(request, route, record)
            record.status, record.first_byte = answer.status, time.monotonic()
            record.error = answer.error or record.error
            return await _write(request, answer, record)
        except BaseException:
            record.error = "client_closed"
            raise
        finally:
            if record.error == "client_closed":
                _cancel(record.beneath)
            self._log.close(record)

    async def _handle_inner(self, request: web.Request, route: Route, outer: Record) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a handler always runs in one
        outer.beneath.add(task)
        try:
            answer = await self._answer(request, route, outer)
            if answer.status >= 400:
                outer.failure = answer
            return await _write(request, answer, outer)
        finally:
            outer.beneath.discard(task)

    async def _answer(self, request: web.Request, route: Route | None, record: Record) -> Answer:
        if route is None:
            return error(404, "There is no such route here.", code="not_found")
        try:
            self._door.check_key(request, route)
            if route.surface is None:
                return Answer(status=200, body=self._models, headers={"content-type": "application/json"})
            call = await self._door.admit(request, route, record)
            record.model, record.stream = call.model.name, call.stream
            return await self._step(call)(call)
        except RefusedError as refused:
            return refused.answer
        except Exception as unexpected:
            answer = error(500, "The gateway failed.", type="server_error", code="internal_error")
            return replace(answer, error=_place(unexpected))

    def _step(self, call: Call) -> Step:
        return self._translation if call.is_translated else self._straight


def _cancel(tasks: set[asyncio.Task[object]]) -> None:
    """LiteLLM may not notice that its client has gone, and what nobody reads is still paid for."""
    for task in tasks:
        task.cancel()


async def _write(request: web.Request, answer: Answer, record: Record) -> web.StreamResponse:
    headers = {**answer.headers, **_SERVER, "x-request-id": record.request_id}
    if isinstance(answer.body, bytes):
        return web.Response(status=answer.status, body=answer.body, headers=headers)
    response = web.StreamResponse(status=answer.status, headers=headers)
    try:
        await response.prepare(request)
        async for part in answer.body:
            await response.write(part)
        await response.write_eof()
    except ConnectionError:
        record.error = "client_closed"
    finally:
        answer.close()
    return response


def _place(unexpected: Exception) -> str:
    """Where it happened, without the exception's text, which may quote the request."""
    frame = traceback.extract_tb(unexpected.__traceback__)[-1]
    return f"{type(unexpected).__name__} in {frame.name}, line {frame.lineno}"


def _list_of(configuration: Configuration) -> bytes:
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "azure"} for name in configuration.models]
    return json.dumps({"object": "list", "data": models}).encode()

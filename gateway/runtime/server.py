"""The chain of steps behind one URL: reads a request, hands it down, writes the answer and the log's line."""

import asyncio
import time
import traceback
from collections.abc import Coroutine
from contextlib import ExitStack
from dataclasses import replace

import aiohttp
from aiohttp import web

from .configuration import Configuration
from .door import Door
from .errors import RefusedError, error, unauthorized
from .exchange import Answer, Call, Record, Surface
from .failover import Failover
from .limits import Limits
from .protocol import SERVER, response_of
from .queue import Queue
from .request_log import RequestLog
from .room import Room
from .routes import LIVENESS, READINESS, Route, find_route
from .serve import Drain
from .translation import Translation
from .translator import REQUEST_HEADER

_BODIES = 4  # of the longest kind at a time


class Gateway:
    """Composes the steps; one instance answers every request of the process."""

    def __init__(
        self, *, configuration: Configuration, http: aiohttp.ClientSession, drain: Drain, log: RequestLog
    ) -> None:
        self._door = Door(configuration)
        self._log = log
        self._drain = drain
        self._room = Room(_BODIES * configuration.limits.max_body_bytes, projects=len(configuration.projects))
        self._total_s = configuration.timeouts.total_s
        self._failover = Failover(http=http, configuration=configuration, tell=log.tell)
        self._queue = Queue(
            step=self._failover,
            models=configuration.models,
            queue_s=configuration.limits.queue_s,
            rest_s=self._failover.rest_s,
        )
        self._translation = Translation(http=http, configuration=configuration)
        self._limits = Limits(step=self._ask, projects=configuration.projects)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request and log it; probes leave no line."""
        path = request.rel_url.raw_path
        if request.method == "GET" and path in (LIVENESS, READINESS):
            ready = path == LIVENESS or not self._drain.refusing
            status, word = (200, "ok") if ready else (503, "shutting down")
            return web.json_response({"status": word}, status=status, headers=SERVER)
        route = find_route(request.method, path)
        if route and self._door.is_inner(request, route):
            outer = self._log.find(request.headers.get(REQUEST_HEADER, ""))
            return await self._handle_inner(request, route, outer) if outer else self._orphaned(route)
        return await self._handle_outer(request, route)

    async def _handle_outer(self, request: web.BaseRequest, route: Route | None) -> web.StreamResponse:
        record = self._log.open(route=route.name if route else "unknown", total_s=self._total_s)
        try:
            with self._drain.entered(), ExitStack() as held:
                answer = await self._answered(self._outer(request, route, record, held))
                record.status, record.first_byte = answer.status, time.monotonic()
                record.error = answer.error or record.error
                return await self._write(request, answer, record, is_outer=True)
        except asyncio.CancelledError:
            _left(record)
            raise
        except Exception as unexpected:
            record.error = _place(unexpected)
            raise
        finally:
            self._log.close(record)

    async def _handle_inner(self, request: web.BaseRequest, route: Route, outer: Record) -> web.StreamResponse:
        """What LiteLLM asks on behalf of a request is that request's: its line, its limits, its time."""
        task, started = asyncio.current_task(), time.monotonic()
        assert task is not None  # noqa: S101 - a handler always runs in one
        outer.beneath.add(task)
        outer.asked.set()
        try:
            answer = await self._answered(self._inner(request, route, outer))
            outer.beneath_ms += (time.monotonic() - started) * 1000
            if answer.status >= 400:
                outer.failure = answer
            return await self._write(request, answer, outer, is_outer=False)
        finally:
            outer.beneath.discard(task)

    def _orphaned(self, route: Route) -> web.StreamResponse:
        """A request that is over, as its client has left, needs nothing more; or somebody has LiteLLM's key."""
        self._log.tell({"event": "inner_request_refused", "route": route.name})
        return response_of(unauthorized())

    async def _outer(self, request: web.BaseRequest, route: Route | None, record: Record, held: ExitStack) -> Answer:
        if self._drain.refusing:
            return _shutting_down()
        if route is None:
            return error(404, "There is no such route here.", code="not_found")
        project = self._door.project_of(request, route)
        record.project = project.name
        if route.surface is None:
            return self._door.model(project, route.model) if route.model else self._door.models(project)
        take = held.enter_context(self._room.share(project.name))
        call = await self._door.admit(request, route, project, record, take=take)
        return await self._limits(call)

    async def _inner(self, request: web.BaseRequest, route: Route, record: Record) -> Answer:
        return await self._ask(await self._door.admit_inner(request, route, record))

    async def _ask(self, call: Call) -> Answer:
        if call.translated:
            return await self._translation(call)
        return await (self._queue if call.surface is Surface.EMBEDDINGS else self._failover)(call)

    async def _write(
        self, request: web.BaseRequest, answer: Answer, record: Record, *, is_outer: bool
    ) -> web.StreamResponse:
        response = response_of(answer)
        response.headers["x-request-id"] = record.request_id
        if is_outer and self._drain.refusing:
            response.force_close()
        try:
            await response.prepare(request)
            if not isinstance(answer.body, bytes):
                async for part in answer.body:
                    await response.write(part)
            await response.write_eof()
        except ConnectionError:
            if is_outer:
                _left(record)
        finally:
            answer.close()
        return response

    @staticmethod
    async def _answered(answering: Coroutine[None, None, Answer]) -> Answer:
        try:
            return await answering
        except RefusedError as refused:
            return refused.answer
        except Exception as unexpected:
            answer = error(500, "The gateway failed.", type="server_error", code="internal_error")
            return replace(answer, error=_place(unexpected))


def _shutting_down() -> Answer:
    """The next connection finds another replica."""
    message = "This replica is shutting down. Please try again."
    return error(503, message, type="server_error", code="shutting_down", retry_after=1.0)


def _left(record: Record) -> None:
    """The client has gone: LiteLLM may not notice, and what nobody reads is still paid for."""
    if not record.whole:
        record.error = record.error or "client_closed"
    for task in record.beneath:
        task.cancel()


def _place(unexpected: Exception) -> str:
    """Where it happened, without the exception's text, which may quote the request."""
    frame = traceback.extract_tb(unexpected.__traceback__)[-1]
    return f"{type(unexpected).__name__} in {frame.name}, line {frame.lineno}"

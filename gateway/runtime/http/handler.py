"""Answers HTTP requests: of clients, of LiteLLM on behalf of a client, and of the platform's health probes."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from http import HTTPStatus

import aiohttp
from aiohttp import web

from ..access_log import LogEvent, log_refusal, log_request
from ..admission.authentication import KeyOwner
from ..configuration import Configuration
from ..context import RequestContext, Response, now
from ..errors import error_location, invalid_api_key, shutting_down, too_many_unauthenticated
from ..litellm.translation import INNER_TOKEN_HEADER
from ..pipeline import Pipeline, refuse_route
from ..routes import Route, find_route
from ..telemetry.telemetry import Telemetry
from ..telemetry.trace_context import read_trace_context
from ..upstream.managed_identity import ManagedIdentity
from .client_address import client_address
from .event_stream import EventStream
from .health import HealthProbes
from .server import Connection, Server, to_http_response
from .shutdown import ActiveRequests
from .unauthenticated import UnauthenticatedRequests

_LEAVE_S = 10.0
"""LiteLLM sees that its client has left a stream, and then closes the inner call.

A call that breaks costs it up to twice the processor time, for exceptions and their texts.
"""


class HttpHandler:
    """Gets every request of the process."""

    def __init__(
        self,
        *,
        configuration: Configuration,
        session: aiohttp.ClientSession,
        active_requests: ActiveRequests,
        identity: ManagedIdentity | None,
        telemetry: Telemetry | None,
        log_event: LogEvent,
    ) -> None:
        self._telemetry = telemetry
        self._total_s = configuration.timeouts.total_s
        self._keep_alive_s = configuration.timeouts.keep_alive_s
        self._active_requests = active_requests
        self._log_event = log_event
        self._pipeline = Pipeline(configuration=configuration, session=session, identity=identity, log_event=log_event)
        self._logs_client_address = configuration.log_client_address
        self.unauthenticated = UnauthenticatedRequests(
            per_minute=configuration.limits.unauthenticated_per_minute, log_event=log_event
        )
        self._probes = HealthProbes(
            active_requests=active_requests,
            authentication=self._pipeline.authentication,
            unauthenticated=self.unauthenticated,
            source=configuration.source,
            log_event=log_event,
        )

    async def __call__(self, http_request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        path = http_request.rel_url.raw_path
        if probe := self._probes.answer(http_request, path):
            return probe
        route = find_route(http_request.method, path)
        authentication = self._pipeline.authentication
        if route and authentication.is_litellm(http_request, route):
            return await self._answer_litellm(http_request, route)
        owner = authentication.find_owner(http_request)
        if owner is None:
            return self._refuse(http_request, route)
        return await self._answer_client(http_request, route, owner)

    def log_connection_event(self, event: dict[str, object]) -> None:
        """Log an event of a connection. What is no HTTP needs no key either: it counts like a request without one."""
        address = event.get("client_address")
        if not isinstance(address, str) or self.unauthenticated.count(address):
            self._log_event(event)

    def _refuse(self, http_request: web.BaseRequest, route: Route | None) -> web.StreamResponse:
        """Answer a request without a valid key at once, as there may be thousands a second."""
        address = client_address(http_request)
        is_logged = self.unauthenticated.count(address)
        if after_s := self.unauthenticated.retry_after_s(address):
            response = too_many_unauthenticated(after_s)
        else:
            response = invalid_api_key() if route else refuse_route(http_request)
        request_id = uuid.uuid4().hex
        if is_logged:
            log_refusal(request_id, _name(route), response, address)
        http_response = to_http_response(response)
        http_response.headers["x-request-id"] = request_id
        if self._active_requests.is_draining or response.status == HTTPStatus.UPGRADE_REQUIRED:
            http_response.force_close()
        return http_response

    async def _answer_client(
        self, http_request: web.BaseRequest, route: Route | None, owner: KeyOwner
    ) -> web.StreamResponse:
        with self._active_requests.open(route=_name(route), total_s=self._total_s) as context:
            try:
                if self._logs_client_address:
                    context.client_address = client_address(http_request)
                if self._telemetry:
                    traceparents = http_request.headers.getall("traceparent", [])
                    context.trace = read_trace_context(traceparents, request_id=context.request_id)
                with ExitStack() as resources:
                    if self._active_requests.is_draining:
                        response = shutting_down()
                    else:
                        response = await self._pipeline.answer_client(http_request, route, owner, context, resources)
                    context.status, context.first_byte = response.status, now()
                    context.error = response.error or context.error
                    return await self._send(http_request, response, context, is_inner=False)
            except asyncio.CancelledError:
                _note_client_closed(context)
                raise
            except Exception as error:
                context.error = error_location(error)
                raise
            finally:
                log_request(context)
                if self._telemetry:
                    self._telemetry.record(context)

    async def _answer_litellm(self, http_request: web.BaseRequest, route: Route) -> web.StreamResponse:
        """Answer an inner call, which belongs to the context, limits and deadline of its client's request."""
        context = self._active_requests.find(http_request.headers.get(INNER_TOKEN_HEADER, ""))
        if context is None:  # the client has left, or somebody else has LiteLLM's key
            self._log_event({"event": "inner_request_refused", "route": route.name})
            return to_http_response(invalid_api_key())
        if isinstance(http_request.protocol, Connection):
            http_request.protocol.wait_for_client()
        task, started = asyncio.current_task(), now()
        assert task is not None  # noqa: S101 - a handler always runs in a task
        inner = context.inner
        inner.tasks.add(task)
        inner.started.set()
        try:
            response = await self._pipeline.answer_litellm(http_request, route, context)
            inner.ms += (now() - started) * 1000
            if response.status >= 400:
                inner.failure = response
            else:
                inner.begun.set()
            return await self._send(http_request, response, context, is_inner=True)
        except asyncio.CancelledError:
            if context.stream and http_request.transport and not http_request.transport.is_closing():
                await asyncio.sleep(_LEAVE_S)
            raise
        finally:
            inner.tasks.discard(task)

    async def _send(
        self, http_request: web.BaseRequest, response: Response, context: RequestContext, *, is_inner: bool
    ) -> web.StreamResponse:
        http_response = to_http_response(response)
        http_response.headers["x-request-id"] = context.request_id
        if context.client_request_id and not is_inner:
            http_response.headers["x-client-request-id"] = context.client_request_id
        if (self._active_requests.is_draining and not is_inner) or response.status == HTTPStatus.UPGRADE_REQUIRED:
            http_response.force_close()
        try:
            await http_response.prepare(http_request)
            if isinstance(response.body, bytes) or http_request.method == "HEAD":
                pass
            elif is_inner:
                async for chunk in response.body:
                    await http_response.write(chunk)
            else:
                await EventStream(http_response, keep_alive_s=self._keep_alive_s).write(response.body)
            await http_response.write_eof()
        except ConnectionError:
            if not is_inner:
                _note_client_closed(context)
        finally:
            response.close()
        return http_response


def _name(route: Route | None) -> str:
    return route.name if route else "unknown"


def _note_client_closed(context: RequestContext) -> None:
    if not context.is_complete:
        context.error = context.error or "client_closed"
    context.inner.cancel()


@asynccontextmanager
async def open_server(
    configuration: Configuration,
    *,
    active_requests: ActiveRequests,
    identity: ManagedIdentity | None = None,
    telemetry: Telemetry | None = None,
    log_event: LogEvent,
) -> AsyncIterator[Server]:
    """Create the server, and the HTTP session for all upstreams, which is closed at the end of the block.

    `identity` authenticates to the upstreams without a key. `telemetry` gets each request of a project at its end.
    """
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=configuration.timeouts.connect_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        handler = HttpHandler(
            configuration=configuration,
            session=session,
            active_requests=active_requests,
            identity=identity,
            telemetry=telemetry,
            log_event=log_event,
        )
        timeouts, limits = configuration.timeouts, configuration.limits
        try:
            yield Server(handler, timeouts=timeouts, limits=limits, log_event=handler.log_connection_event)
        finally:
            handler.unauthenticated.end_minute()

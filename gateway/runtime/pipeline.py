"""The steps of every request, in order.

authentication -> project limits -> admission -> [embedding queue] -> failover -> attempt in a region -> Azure
                                              -> translation queue -> translation -> LiteLLM -> an inner call
The inner call goes to failover.
"""

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import wraps
from typing import ParamSpec

import aiohttp
from aiohttp import web

from .access_log import LogEvent
from .admission.admission import Admission
from .admission.authentication import Authentication, KeyOwner, read_client_request_id
from .admission.memory_budget import MemoryBudget, Reserve
from .configuration import Configuration, Project
from .context import ModelRequest, RequestContext, Response, Surface
from .errors import RefusedError, error_location, internal_error, unknown_route, upgrade_required
from .failover.failover import Failover
from .litellm.carried_reasoning import CarriedReasoning
from .litellm.pacing import pace
from .litellm.translation import Translation
from .litellm.translation_queue import TranslationQueue
from .rate_limits.embedding_queue import EmbeddingQueue
from .rate_limits.project_limits import CountedRequest, ProjectLimits
from .routes import Route, allowed_methods, find_route
from .upstream.managed_identity import ManagedIdentity

_LARGEST_BODIES_IN_MEMORY = 4
_Parameters = ParamSpec("_Parameters")


def _catch_errors(answer: Callable[_Parameters, Awaitable[Response]]) -> Callable[_Parameters, Awaitable[Response]]:
    """Have a function return the response to a refusal or a defect instead of raising it."""

    @wraps(answer)
    async def answer_or_refuse(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> Response:
        try:
            return await answer(*args, **kwargs)
        except RefusedError as refused:
            return refused.response
        except Exception as error:
            return replace(internal_error(), error=error_location(error))

    return answer_or_refuse


class Pipeline:
    """Builds the steps; one instance answers every request of the process."""

    def __init__(
        self,
        *,
        configuration: Configuration,
        session: aiohttp.ClientSession,
        identity: ManagedIdentity | None,
        log_event: LogEvent,
    ) -> None:
        projects, limits = configuration.projects, configuration.limits
        self.authentication = Authentication(projects=projects, inner_key=configuration.inner_key)
        self._admission = Admission(configuration)
        self._memory = MemoryBudget(_LARGEST_BODIES_IN_MEMORY * limits.max_body_bytes, projects=len(projects))
        self._failover = Failover(session=session, configuration=configuration, identity=identity, log_event=log_event)
        self._embedding_queue = EmbeddingQueue(
            next_step=self._failover,
            models=configuration.models,
            queue_s=limits.queue_s,
            region_pause_s=self._failover.pause_s,
        )
        self._carried_reasoning = CarriedReasoning(next_step=self._failover, log_event=log_event)
        self._translation_queue = TranslationQueue(
            next_step=Translation(session=session, configuration=configuration),
            places=limits.parallel_translations,
            queue_s=limits.translation_queue_s,
            is_shared=len(projects) > 1,
        )
        self._project_limits = ProjectLimits(projects, max_connections=limits.max_connections)

    @_catch_errors
    async def answer_client(
        self,
        http_request: web.BaseRequest,
        route: Route | None,
        owner: KeyOwner,
        context: RequestContext,
        resources: ExitStack,
    ) -> Response:
        """Return the response to a client with a project's key; `resources` are released when it has been sent."""
        project = owner.project
        context.project, context.key = project.name, owner.key
        context.client_request_id = read_client_request_id(http_request)
        if route and not (route.surface or route.operation):
            return self._admission.describe_models(project, route.model)
        counted = resources.enter_context(self._project_limits.count(project, context))
        reserve = resources.enter_context(self._memory.share(project.name))
        return counted.with_limits(await self._answer_counted(http_request, route, project, context, counted, reserve))

    @_catch_errors
    async def answer_litellm(self, http_request: web.BaseRequest, route: Route, context: RequestContext) -> Response:
        """Return the response to a call that LiteLLM makes on behalf of the client's request in `context`."""
        request = await self._admission.admit_inner(http_request, route, context)
        is_chat = context.inner.surface is Surface.CHAT and request.surface is Surface.RESPONSES
        answering = self._carried_reasoning(request) if is_chat else self._forward(request)
        return pace(await answering, context.inner)

    @_catch_errors
    async def _answer_counted(
        self,
        http_request: web.BaseRequest,
        route: Route | None,
        project: Project,
        context: RequestContext,
        counted: CountedRequest,
        reserve: Reserve,
    ) -> Response:
        if route is None:
            return refuse_route(http_request)
        if route.operation:
            request = self._admission.admit_operation(http_request, route.operation, project, context)
        else:
            request = await self._admission.admit(http_request, route, project, context, reserve=reserve)
        counted.count_tokens(request.estimated_tokens)
        if request.fields.get("background") is not True:  # its usage is known later
            context.estimated_tokens = request.estimated_tokens
        return await self._forward(request)

    async def _forward(self, request: ModelRequest) -> Response:
        if request.operation:
            return await self._failover.stored_responses(request)
        if request.via_litellm:
            return await self._translation_queue(request)
        if request.surface is Surface.EMBEDDINGS:
            return await self._embedding_queue(request)
        return await self._failover(request)


def refuse_route(http_request: web.BaseRequest) -> Response:
    """Answer a request to a route that does not exist; with or without a key, as routes are no secret."""
    path = http_request.rel_url.raw_path
    if http_request.headers.get("upgrade", "").lower() == "websocket":
        route = find_route("POST", path)
        if route and route.surface is Surface.RESPONSES:
            return upgrade_required()
    return unknown_route(allowed_methods(path))

"""Admits requests with a valid body and a model of their project that supports the API, and finds that model."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace

from aiohttp import web

from ..configuration import Configuration, Project
from ..context import ModelRequest, RequestContext, Response, StoredOperation, Surface, now
from ..errors import RefusedError, invalid_request, response_not_found
from ..litellm.request_split import merge_inner, split
from ..response_owner import mark_request
from ..routes import Route
from ..token_usage import ask_for_usage, estimate_tokens
from .cpu_share import CpuShare
from .litellm_fields import keep_known_fields
from .memory_budget import Reserve
from .model_catalog import ModelCatalog
from .request_body import parse_body, receive_body
from .stored_query import check_query

_SUPPORTED = {  # the first is the model's own API; the others are translated, but for those of Responses
    "responses": (Surface.RESPONSES, Surface.CHAT, Surface.COMPACT, Surface.INPUT_TOKENS),
    "chat": (Surface.CHAT,),
    "embeddings": (Surface.EMBEDDINGS,),
}
_STREAMED = (Surface.RESPONSES, Surface.CHAT)
_RESPONSES_ONLY = (Surface.COMPACT, Surface.INPUT_TOKENS)
_OF_RESPONSES = (Surface.RESPONSES, *_RESPONSES_ONLY)


class Admission:
    """Checks a request before it costs anything."""

    def __init__(self, configuration: Configuration) -> None:
        self._projects = {project.name: project for project in configuration.projects}
        self._catalog = ModelCatalog(configuration.models)
        self._limits = configuration.limits
        # LiteLLM may write a little more than it has read.
        more = {name: 2 * getattr(self._limits, name) for name in ("max_items", "max_values", "max_depth")}
        self._inner_limits = self._limits.model_copy(update=more)
        self._body_s = configuration.timeouts.body_s
        self._cpu = CpuShare()

    def describe_models(self, project: Project, name: str | None) -> Response:
        """List the project's models, or describe the one of this name; RefusedError 404 if there is none."""
        return self._catalog.describe(name, project.models) if name else self._catalog.list(project.models)

    async def admit(
        self,
        http_request: web.BaseRequest,
        route: Route,
        project: Project,
        context: RequestContext,
        *,
        reserve: Reserve,
    ) -> ModelRequest:
        """Read the body and decide whether Azure or LiteLLM gets the request; `reserve` memory for the body.

        Raises:
            RefusedError: 400, 404, 408, 413 or 415.
        """
        body = await self._receive(http_request, context, reserve)
        async with self._cpu.turn(project.name, body) as turn:
            fields = await parse_body(body, self._limits, reserve, turn)
            request = self._find_model(route, project, project.models, context, body, fields)
            model, surface, supported = request.model, request.surface, _SUPPORTED[request.model.kind]
            context.model, context.deployment, context.stream = model.name, model.deployment, request.stream
            if surface not in supported:
                raise _unsupported_model(request)
            if surface in _RESPONSES_ONLY or (surface is supported[0] and not model.translate):
                request = _for_azure(request)
            else:
                request = _for_litellm(request)
                reserve(2 * len(request.body))  # the body of LiteLLM's inner call is about as long
            await turn.rest()
            return replace(request, estimated_tokens=estimate_tokens(surface, request.fields))

    def admit_operation(
        self, http_request: web.BaseRequest, operation: StoredOperation, project: Project, context: RequestContext
    ) -> ModelRequest:
        """Admit an operation on a stored response; its path names no model, so any Responses model stands for it.

        Raises:
            RefusedError: 400, or 404 if the project has no such model.
        """
        query = check_query(operation.method, operation.path, http_request.query.items())
        model = self._catalog.first_of_kind("responses", project.models)
        if model is None:
            raise RefusedError(response_not_found(operation.response_id))
        context.stream = http_request.query.get("stream") == "true"
        return ModelRequest(
            surface=Surface.RESPONSES,
            model=model,
            project=project,
            body=b"",
            fields={},
            stream=context.stream,
            via_litellm=False,
            context=context,
            operation=replace(operation, query=query),
            estimated_tokens=0,
        )

    async def admit_inner(self, http_request: web.BaseRequest, route: Route, context: RequestContext) -> ModelRequest:
        """Read an inner call of LiteLLM, which may only use the model of the client's request, by the model's own API.

        Raises:
            RefusedError: 400, 404, 408, 413 or 415.
        """
        project = self._projects[str(context.project)]
        body = await self._receive(http_request, context, _reserve_nothing)
        async with self._cpu.turn(project.name, body) as turn:
            fields = await parse_body(body, self._inner_limits, _reserve_nothing, turn)
            request = self._find_model(route, project, {str(context.model)}, context, body, fields)
            if request.surface is not _SUPPORTED[request.model.kind][0]:
                raise _unsupported_model(request)
            fields = merge_inner(request.fields, context.inner.parameters)
            request = _for_azure(replace(request, body=json.dumps(fields).encode(), fields=fields))
            await turn.rest()
            return replace(request, estimated_tokens=estimate_tokens(request.surface, fields))

    async def _receive(self, http_request: web.BaseRequest, context: RequestContext, reserve: Reserve) -> bytes:
        deadline = min(context.deadline, now() + self._body_s)
        return await receive_body(http_request, deadline=deadline, limits=self._limits, reserve=reserve)

    def _find_model(
        self,
        route: Route,
        project: Project,
        models: Collection[str],
        context: RequestContext,
        body: bytes,
        fields: Mapping[str, object],
    ) -> ModelRequest:
        model = self._catalog.find(route.deployment or fields.get("model"), models, is_azure=route.is_azure)
        surface, stream = route.surface or Surface.RESPONSES, fields.get("stream")
        if not isinstance(stream, bool | None):
            raise invalid_request("'stream' must be true or false.", param="stream", code="invalid_type")
        return ModelRequest(
            surface=surface,
            model=model,
            project=project,
            body=body,
            fields=fields,
            stream=bool(stream) and surface in _STREAMED,
            via_litellm=False,
            context=context,
        )


def _reserve_nothing(_: int) -> None:
    """The client's request has reserved memory for its inner calls."""


def _for_azure(request: ModelRequest) -> ModelRequest:
    """Keep the body as it is, but for what Azure has to know.

    That is the deployment, if the path does not name it, the owner of what is stored, and that usage is reported.
    """
    is_of_responses = request.surface in _OF_RESPONSES
    fields, body = request.fields, request.body
    if is_of_responses:
        _check_references(fields)
    if (is_of_responses or request.model.is_v1) and fields.get("model") != request.model.deployment:
        fields = {**fields, "model": request.model.deployment}
        body = json.dumps(fields).encode()
    if request.surface is Surface.CHAT and request.stream:
        body = ask_for_usage(body, fields)
    if request.surface is Surface.RESPONSES:
        body = mark_request(body, fields, request.project)
    return replace(request, body=body)


def _check_references(fields: Mapping[str, object]) -> None:
    """Refuse conversation objects, whose owner cannot be known."""
    if fields.get("conversation") is not None:
        message = "'conversation' is not supported. Use 'previous_response_id', or send the history."
        raise invalid_request(message, param="conversation", code="unsupported_parameter")
    if not isinstance(fields.get("previous_response_id"), str | None):
        message = "'previous_response_id' must be a string."
        raise invalid_request(message, param="previous_response_id", code="invalid_type")


def _for_litellm(request: ModelRequest) -> ModelRequest:
    """Write a new body from the known fields. Unpaired surrogates become question marks; LiteLLM would refuse them."""
    fields = {**request.fields, "model": request.model.name}
    known, removed = keep_known_fields(request.surface, fields)
    read_by_litellm, parameters, without_effect = split(request.surface, request.model, known)
    request.context.dropped_fields = removed + without_effect
    request.context.inner.parameters, request.context.inner.surface = parameters, request.surface
    body = json.dumps(read_by_litellm, ensure_ascii=False).encode(errors="replace")
    return replace(request, body=body, fields=known, via_litellm=True)


def _unsupported_model(request: ModelRequest) -> RefusedError:
    paths = " and ".join(f"/v1{surface}" for surface in _SUPPORTED[request.model.kind])
    message = f"The model '{request.model.name}' does not support /v1{request.surface}. Use {paths}."
    return invalid_request(message, param="model", code="unsupported_model")

"""Who may enter, and with what: a project's key, a JSON object, a model of the project on an API that it answers."""

import asyncio
import json
from collections.abc import Collection
from dataclasses import replace

from aiohttp import web

from .bodies import read
from .catalogue import Catalogue
from .configuration import Configuration, Project
from .errors import RefusedError, invalid
from .exchange import Answer, Call, Record, Surface
from .fields import known
from .keys import Keys
from .room import Take
from .routes import Route

_ANSWERS = {  # the first is what the model speaks itself; compacting is never translated
    "responses": (Surface.RESPONSES, Surface.CHAT, Surface.COMPACT),
    "chat": (Surface.CHAT,),
    "embeddings": (Surface.EMBEDDINGS,),
}
_PATHS = {
    Surface.RESPONSES: "/v1/responses",
    Surface.COMPACT: "/v1/responses/compact",
    Surface.CHAT: "/v1/chat/completions",
    Surface.EMBEDDINGS: "/v1/embeddings",
}
_STREAMED = (Surface.RESPONSES, Surface.CHAT)
_NAMED_IN_BODY = (Surface.RESPONSES, Surface.COMPACT)


class Door:
    """Checks a request before anything is spent on it."""

    def __init__(self, configuration: Configuration) -> None:
        self._keys = Keys(projects=configuration.projects, inner_key=configuration.inner_key)
        self._projects = {project.name: project for project in configuration.projects}
        self._catalogue = Catalogue(configuration.models)
        self._limits = configuration.limits
        self._body_s = configuration.timeouts.body_s

    def is_inner(self, request: web.BaseRequest, route: Route) -> bool:
        """Does LiteLLM knock? What it asks on behalf of no open request is not let in."""
        return self._keys.is_inner(request, route)

    def project_of(self, request: web.BaseRequest, route: Route) -> Project:
        """Return whose key it is, or raise RefusedError: 401, whatever the key looks like."""
        return self._keys.project_of(request, route)

    async def admit(
        self, request: web.BaseRequest, route: Route, project: Project, record: Record, *, take: Take
    ) -> Call:
        """Read the request's body into a call, and note what the log shall say of it; `take` room for the body.

        Raises:
            RefusedError: 400, 404, 408, 413 or 415, with what is wrong.
        """
        call = await self._read(request, route, project, project.models, record, take)
        model, surface, answered = call.model, call.surface, _ANSWERS[call.model.kind]
        record.model, record.stream = model.name, call.stream
        if surface not in answered:
            raise _unsupported(call)
        if surface is Surface.COMPACT or (surface is answered[0] and not model.translate):
            return _for_azure(call)
        call = _for_litellm(call)
        take(2 * len(call.body))  # LiteLLM asks for as much again
        return call

    async def admit_inner(self, request: web.BaseRequest, route: Route, record: Record) -> Call:
        """Read what LiteLLM asks on behalf of the record's request: the same model, by the API that it speaks itself.

        Raises:
            RefusedError: the same.
        """
        project = self._projects[str(record.project)]
        call = await self._read(request, route, project, {str(record.model)}, record, _no_room)
        if call.surface is not _ANSWERS[call.model.kind][0]:
            raise _unsupported(call)
        return _for_azure(call)

    async def _read(
        self,
        request: web.BaseRequest,
        route: Route,
        project: Project,
        names: Collection[str],
        record: Record,
        take: Take,
    ) -> Call:
        until = min(record.deadline, asyncio.get_running_loop().time() + self._body_s)
        body, fields = await read(request, until=until, limits=self._limits, take=take)
        model = self._catalogue.find(route.deployment or fields.get("model"), names, is_azure=route.is_azure)
        surface, stream = route.surface or Surface.RESPONSES, fields.get("stream")
        if not isinstance(stream, bool | None):
            raise invalid("'stream' must be true or false.", param="stream", code="invalid_type")
        return Call(
            surface=surface,
            model=model,
            project=project,
            body=body,
            fields=fields,
            stream=bool(stream) and surface in _STREAMED,
            translated=False,
            record=record,
        )

    def models(self, project: Project) -> Answer:
        """List what the project may use."""
        return self._catalogue.all(project.models)

    def model(self, project: Project, name: str) -> Answer:
        """Describe one of them, or raise RefusedError: 404."""
        return self._catalogue.one(name, project.models)


def _no_room(_: int) -> None:
    """What LiteLLM asks is as long as what it was asked, for which there is room already."""


def _for_azure(call: Call) -> Call:
    """As it came; but Azure knows a model by its deployment, which the Responses API names in the body."""
    if call.surface not in _NAMED_IN_BODY or call.fields["model"] == call.model.deployment:
        return call
    return replace(call, body=json.dumps({**call.fields, "model": call.model.deployment}).encode())


def _for_litellm(call: Call) -> Call:
    """The known fields alone, written anew. Half an emoji is no reason to refuse the rest, as LiteLLM would."""
    fields, call.record.dropped = known(call.surface, {**call.fields, "model": call.model.name})
    body = json.dumps(fields, ensure_ascii=False).encode(errors="replace")
    return replace(call, body=body, fields=fields, translated=True)


def _unsupported(call: Call) -> RefusedError:
    paths = " and ".join(_PATHS[surface] for surface in _ANSWERS[call.model.kind])
    message = f"The model '{call.model.name}' does not answer {_PATHS[call.surface]}; use {paths}."
    return invalid(message, param="model", code="unsupported_model")

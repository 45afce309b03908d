"""The data plane: Azure OpenAI's paths, and for each of them door, fault, answer, quota and delivery."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.emulator import answers, chat, embeddings, errors, jsons
from local.emulator.answers import Answer
from local.emulator.configuration import Configuration, Operation
from local.emulator.delivery import Delivery
from local.emulator.door import Door
from local.emulator.faults import Faults, Surface
from local.emulator.quota import Quota
from local.emulator.record import Entry, Recorder, Records
from local.emulator.responses import Responses
from local.emulator.stored import Stored

_Handler = Callable[[Request, Entry], Answer]
_OPERATIONS: dict[Surface, Operation] = {
    "responses": "responses", "embeddings": "embeddings", "chat": "chatCompletion",
}  # fmt: skip


@dataclass(kw_only=True)
class DataPlane:
    """What the control port turns (`faults`, `quota`) and reads (`records`), and the app that clients call."""

    configuration: Configuration
    door: Door
    faults: Faults = field(default_factory=Faults)
    quota: Quota = field(default_factory=Quota)
    records: Records = field(default_factory=Records)
    stored: Stored = field(default_factory=Stored)

    def app(self) -> ASGIApp:
        responses = Responses(region=self.configuration.region, stored=self.stored)
        deployment = "/openai/deployments/{deployment}"
        routes = [
            self._route("/openai/responses", "POST", "responses", self._model(responses.answer)),
            self._route("/openai/responses/compact", "POST", "responses", self._model(responses.compact)),
            self._route("/openai/responses/{id}", "GET", "responses", self._stored(self.stored.get)),
            self._route("/openai/responses/{id}", "DELETE", "responses", self._stored(self.stored.delete)),
            self._route(f"{deployment}/embeddings", "POST", "embeddings", self._embeddings),
            self._route(f"{deployment}/chat/completions", "POST", "chat", self._chat),
        ]
        nothing_else = dict.fromkeys((404, 405), _not_found)
        starlette = Starlette(routes=routes, exception_handlers=nothing_else)
        starlette.router.redirect_slashes = False
        return Recorder(starlette, records=self.records)

    def _route(self, path: str, method: str, surface: Surface, handler: _Handler) -> Route:
        return Route(path, self._endpoint(surface, handler), methods=[method])

    def _endpoint(self, surface: Surface, handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
        """A fault strikes whoever has the key, also a request that would have been refused."""

        async def endpoint(request: Request) -> Response:
            entry: Entry = request.state.entry
            entry.surface = surface
            fault = None
            try:
                self.door.check_key(headers=request.headers)
                fault = self.faults.take(surface=surface, body=entry.body)
                entry.fault = fault.fault if fault else None
                answer = handler(request, entry)
            except errors.AzureError as error:
                answer = answers.refusal(error)
            answer.headers.update(self._identity())
            return Delivery(answer, fault=fault, entry=entry)

        return endpoint

    def _model(self, make: Callable[[jsons.JsonObject], Answer]) -> _Handler:
        """Responses name their deployment in the body."""

        def handler(request: Request, entry: Entry) -> Answer:
            body = _object(entry.body)
            model = body.get("model")
            if not isinstance(model, str):
                raise errors.missing("model")
            return self._admitted(request, surface="responses", deployment=model, make=lambda: make(body))

        return handler

    def _embeddings(self, request: Request, entry: Entry) -> Answer:
        name = request.path_params["deployment"]

        def make() -> Answer:
            return embeddings.answer(_object(entry.body), name=name, deployment=self.configuration.embeddings[name])

        return self._admitted(request, surface="embeddings", deployment=name, make=make)

    def _chat(self, request: Request, entry: Entry) -> Answer:
        name = request.path_params["deployment"]

        def make() -> Answer:
            return chat.answer(_object(entry.body), deployment=name, region=self.configuration.region)

        return self._admitted(request, surface="chat", deployment=name, make=make)

    def _admitted(self, request: Request, *, surface: Surface, deployment: str, make: Callable[[], Answer]) -> Answer:
        """The answer, if the deployment does this and has quota left for it."""
        operation = _OPERATIONS[surface]
        version = request.query_params.get("api-version")
        self.door.check_deployment(operation=operation, deployment=deployment, api_version=version)
        answer = make()
        limits = self.quota.take(
            operation=operation, deployment=deployment, api_version=str(version), tokens=answer.tokens
        )
        answer.headers.update(limits)
        return answer

    def _stored(self, use: Callable[[str], jsons.JsonObject]) -> _Handler:
        def handler(request: Request, _: Entry) -> Answer:
            self.door.check_stored_version(api_version=request.query_params.get("api-version"))
            return answers.whole(use(request.path_params["id"]))

        return handler

    def _identity(self) -> dict[str, str]:
        request_id = str(uuid.uuid4())
        return {"apim-request-id": request_id, "x-request-id": request_id, "x-ms-region": self.configuration.region}


def _object(body: bytes) -> jsons.JsonObject:
    try:
        value = jsons.loads(body)
    except ValueError as error:
        raise errors.not_json() from error
    if not isinstance(value, dict):
        raise errors.not_json()
    return value


async def _not_found(request: Request, _: Exception) -> Response:
    return Delivery(answers.refusal(errors.not_found()), fault=None, entry=request.state.entry)

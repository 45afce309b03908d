"""The data plane: Azure OpenAI's paths, each with authentication, fault, answer, quota and response."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.emulator import answers, azure_errors, chat, embeddings, json_codec
from local.emulator.answers import Answer
from local.emulator.authentication import Authentication
from local.emulator.configuration import Configuration, Operation
from local.emulator.deployments import check_deployment, check_stored_version, read_version
from local.emulator.faults import Faults, Surface
from local.emulator.faulty_response import FaultyResponse
from local.emulator.quota import Quota
from local.emulator.request_log import RequestLog, RequestLogMiddleware, RequestRecord
from local.emulator.response_store import ResponseStore
from local.emulator.responses import Responses
from local.emulator.stored_operations import StoredOperation, StoredOperations

_Handler = Callable[[Request, RequestRecord], Answer]
_OPERATIONS: dict[Surface, Operation] = {
    "responses": "responses", "embeddings": "embeddings", "chat": "chatCompletion",
}  # fmt: skip


@dataclass(kw_only=True)
class DataPlane:
    """What the control plane sets (`faults`, `quota`) and reads (`requests`), and the app that clients call."""

    configuration: Configuration
    authentication: Authentication
    faults: Faults = field(default_factory=Faults)
    quota: Quota = field(default_factory=Quota)
    requests: RequestLog = field(default_factory=RequestLog)
    store: ResponseStore = field(default_factory=ResponseStore)

    def app(self) -> ASGIApp:
        deployment = "/openai/deployments/{deployment}"
        routes = [
            *self._responses("/openai/responses"),
            *self._responses("/openai/v1/responses"),
            self._route(f"{deployment}/embeddings", "POST", "embeddings", self._embeddings),
            self._route(f"{deployment}/chat/completions", "POST", "chat", self._chat),
            self._route("/openai/v1/embeddings", "POST", "embeddings", self._embeddings),
            self._route("/openai/v1/chat/completions", "POST", "chat", self._chat),
        ]
        nothing_else = dict.fromkeys((404, 405), _not_found)
        starlette = Starlette(routes=routes, exception_handlers=nothing_else)
        starlette.router.redirect_slashes = False
        return RequestLogMiddleware(starlette, log=self.requests)

    def _responses(self, path: str) -> list[Route]:
        responses = Responses(region=self.configuration.region, store=self.store)
        stored = StoredOperations(self.store)
        return [
            self._route(path, "POST", "responses", self._model(responses.answer)),
            self._route(f"{path}/compact", "POST", "responses", self._model(responses.compact)),
            self._route(f"{path}/input_tokens", "POST", "responses", self._model(responses.count)),
            self._route(f"{path}/{{id}}", "GET", "responses", self._stored(stored.get)),
            self._route(f"{path}/{{id}}", "DELETE", "responses", self._stored(stored.delete)),
            self._route(f"{path}/{{id}}/cancel", "POST", "responses", self._stored(stored.cancel)),
            self._route(f"{path}/{{id}}/input_items", "GET", "responses", self._stored(stored.input_items)),
        ]

    def _route(self, path: str, method: str, surface: Surface, handler: _Handler) -> Route:
        return Route(path, self._endpoint(surface, handler), methods=[method])

    def _endpoint(self, surface: Surface, handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
        """A fault applies to every authenticated request, even to one that would be refused."""

        async def endpoint(request: Request) -> Response:
            record: RequestRecord = request.state.record
            record.surface = surface
            fault = None
            try:
                self.authentication.check(request, surface=surface)
                fault = self.faults.take(surface=surface, body=record.body)
                record.fault = fault.fault if fault else None
                answer = handler(request, record)
            except azure_errors.AzureError as error:
                answer = answers.refusal(error)
            answer.headers.update(self._identity())
            return FaultyResponse(answer, fault=fault, record=record)

        return endpoint

    def _model(self, make: Callable[[json_codec.JsonObject], Answer]) -> _Handler:
        """Responses name their deployment in the body."""

        def handler(request: Request, record: RequestRecord) -> Answer:
            body = _object(record.body)
            model = _model_of(body)
            return self._check_and_answer(request, surface="responses", deployment=model, make=lambda: make(body))

        return handler

    def _embeddings(self, request: Request, record: RequestRecord) -> Answer:
        name = request.path_params.get("deployment") or _model_of(_object(record.body))

        def make() -> Answer:
            return embeddings.answer(_object(record.body), name=name, deployment=self.configuration.embeddings[name])

        return self._check_and_answer(request, surface="embeddings", deployment=name, make=make)

    def _chat(self, request: Request, record: RequestRecord) -> Answer:
        name = request.path_params.get("deployment") or _model_of(_object(record.body))

        def make() -> Answer:
            return chat.answer(_object(record.body), deployment=name, region=self.configuration.region)

        return self._check_and_answer(request, surface="chat", deployment=name, make=make)

    def _check_and_answer(
        self, request: Request, *, surface: Surface, deployment: str, make: Callable[[], Answer]
    ) -> Answer:
        """AzureError unless the deployment supports the operation and has quota left."""
        operation = _OPERATIONS[surface]
        version = read_version(request)
        check_deployment(self.configuration, operation=operation, deployment=deployment, api_version=version)
        answer = make()
        limits = self.quota.take(operation=operation, deployment=deployment, api_version=version, tokens=answer.tokens)
        answer.headers.update(limits)
        return answer

    def _stored(self, use: StoredOperation) -> _Handler:
        def handler(request: Request, _: RequestRecord) -> Answer:
            check_stored_version(self.configuration, api_version=read_version(request))
            query = [(name, value) for name, value in request.query_params.multi_items() if name != "api-version"]
            return use(request.path_params["id"], QueryParams(query))

        return handler

    def _identity(self) -> dict[str, str]:
        request_id = str(uuid.uuid4())
        return {"apim-request-id": request_id, "x-request-id": request_id, "x-ms-region": self.configuration.region}


def _model_of(body: json_codec.JsonObject) -> str:
    """Paths of the v1 form and of Responses name no deployment."""
    model = body.get("model")
    if not isinstance(model, str):
        raise azure_errors.missing("model")
    return model


def _object(body: bytes) -> json_codec.JsonObject:
    try:
        value = json_codec.loads(body)
    except ValueError as error:
        raise azure_errors.not_json() from error
    if not isinstance(value, dict):
        raise azure_errors.not_json()
    return value


async def _not_found(request: Request, _: Exception) -> Response:
    return FaultyResponse(answers.refusal(azure_errors.not_found()), fault=None, record=request.state.record)

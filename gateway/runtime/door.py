"""Who may enter, and with what: a key, a JSON object, a model of ours on an API that it answers."""

import asyncio
import hmac
import json

from aiohttp import web

from .configuration import Configuration, Model
from .errors import error, unauthorized
from .exchange import Answer, Call, Record, Surface
from .routes import Route

_ANSWERS = {
    "responses": (Surface.RESPONSES, Surface.CHAT),
    "embeddings": (Surface.EMBEDDINGS,),
}
_PATHS = {
    Surface.RESPONSES: "/v1/responses",
    Surface.CHAT: "/v1/chat/completions",
    Surface.EMBEDDINGS: "/v1/embeddings",
}


class RefusedError(Exception):
    """The door stays shut; `answer` tells the client why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Door:
    """Checks a request before anything is spent on it."""

    def __init__(self, configuration: Configuration) -> None:
        self._models = configuration.models
        self._gateway_key = configuration.gateway_key.encode()
        self._inner_key = configuration.inner_key.encode()

    def is_inner(self, request: web.Request, route: Route) -> bool:
        """Does LiteLLM knock, which has a key of its own and is let in by Azure's routes alone?"""
        return route.is_azure and self._same(request.headers.get("api-key"), self._inner_key)

    def check_key(self, request: web.Request, route: Route) -> None:
        """Let a known key pass.

        Raises:
            RefusedError: 401, whatever the key looks like.
        """
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        # Every comparison is made, so that the time taken tells nothing of which one matched.
        matches = (
            self._same(bearer.strip() if scheme.lower() == "bearer" else None, self._gateway_key),
            self._same(request.headers.get("x-gateway-key"), self._gateway_key),
            self.is_inner(request, route),
        )
        if not any(matches):
            raise RefusedError(unauthorized())

    @staticmethod
    def _same(given: str | None, key: bytes) -> bool:
        return hmac.compare_digest((given or "").encode("utf-8", "surrogateescape"), key)

    async def admit(self, request: web.Request, route: Route, record: Record) -> Call:
        """Read the request's body into a call.

        Raises:
            RefusedError: 400, 404 or 413, with what is wrong.
        """
        body = await _read(request, until=record.deadline)
        fields = _parse(body)
        model = self._model(route.deployment or fields.get("model"))
        surface = route.surface or Surface.RESPONSES
        if surface not in _ANSWERS[model.kind]:
            paths = " and ".join(_PATHS[answered] for answered in _ANSWERS[model.kind])
            message = f"The model '{model.name}' does not answer {_PATHS[surface]}; use {paths}."
            raise RefusedError(error(400, message, param="model", code="unsupported_model"))
        stream = fields.get("stream")
        if stream is not None and not isinstance(stream, bool):
            raise RefusedError(error(400, "'stream' must be true or false.", param="stream", code="invalid_type"))
        return Call(surface=surface, model=model, body=body, stream=bool(stream), record=record)

    def _model(self, name: object) -> Model:
        if not isinstance(name, str):
            code = "missing_required_parameter"
            raise RefusedError(error(400, "'model' must name a model.", param="model", code=code))
        if name not in self._models:
            message = f"The model '{name[:64]}' does not exist here; use one of {', '.join(self._models)}."
            raise RefusedError(error(404, message, param="model", code="model_not_found"))
        return self._models[name]


async def _read(request: web.Request, *, until: float) -> bytes:
    try:
        async with asyncio.timeout_at(until):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise RefusedError(error(413, "The request's body is too large.", code="request_too_large")) from None
    except TimeoutError:
        raise RefusedError(error(408, "The request's body did not come in time.", code="request_timeout")) from None
    except web.RequestPayloadError:
        raise RefusedError(error(400, "The request's body cannot be read.", code="invalid_body")) from None


class _Pairs(list[tuple[str, object]]):
    """An object as it was written, with the names that it has twice."""


def _parse(body: bytes) -> dict[str, object]:
    try:
        pairs = json.loads(body, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        pairs = None
    if not isinstance(pairs, _Pairs):
        raise RefusedError(error(400, "The request's body must be one JSON object.", code="invalid_json"))
    fields = dict(pairs)
    # Whoever reads the body next may take the first of two models where we took the last.
    if len(fields) < len(pairs):
        raise RefusedError(error(400, "The request's body has the same field twice.", code="invalid_json"))
    return fields

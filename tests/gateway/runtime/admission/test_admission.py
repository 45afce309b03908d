"""Which requests are admitted, and in which form they go on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from gateway.runtime.admission.admission import Admission
from gateway.runtime.admission.authentication import Authentication
from gateway.runtime.configuration import Configuration, Model
from gateway.runtime.context import ModelRequest, RequestContext, Response, Surface, now
from gateway.runtime.errors import RefusedError, invalid_api_key
from gateway.runtime.http.server import Server
from gateway.runtime.routes import find_route
from settings.limits import Limits, Timeouts

from ..builders import CHAT, CODEX, EMBEDDING, TRANSLATED
from ..conftest import (
    BEARER,
    GATEWAY_KEY,
    INNER_KEY,
    OTHER_KEY,
    SECONDARY_KEY,
    Client,
    GatewayServer,
)

pytestmark = pytest.mark.anyio
MESSAGES = [{"role": "user", "content": "hi"}]
OWN = "my-codex"


@pytest.fixture
def models(configuration: Configuration) -> dict[str, Model]:
    """Those of the configuration, one whose deployment has another name, and one translated of each other kind."""
    models = dict(configuration.models)
    models[CODEX] = replace(models[CODEX], created=1_770_249_600, context_window=400_000, max_output_tokens=128_000)
    models[OWN] = replace(models[CODEX], name=OWN, deployment="gpt-own")
    models["translated-chat"] = replace(models[CHAT], name="translated-chat", translate=True)
    models["translated-embeddings"] = replace(models[EMBEDDING], name="translated-embeddings", translate=True)
    return models


@pytest.fixture
def with_models(configuration: Configuration, models: dict[str, Model]) -> Configuration:
    """The first project may use all of them."""
    first, *others = configuration.projects
    projects = (replace(first, models=frozenset(models)), *others)
    return replace(configuration, models=models, projects=projects)


class Entrance:
    """A client in front of authentication and admission, and the requests that were admitted."""

    def __init__(self, client: Client, admitted: list[ModelRequest]) -> None:
        self.client = client
        self.admitted = admitted

    async def post(self, path: str, fields: object, **headers: str) -> tuple[int, Any]:
        """Return status and body of the response."""
        named = {name.replace("_", "-"): value for name, value in headers.items()} or BEARER
        response = await self.client.post(path, json=fields, headers=named)
        return response.status, await response.json()

    async def admit(self, path: str, fields: object, **headers: str) -> ModelRequest:
        """Return the admitted request."""
        status, body = await self.post(path, fields, **headers)
        assert (status, body) == (200, "admitted")
        return self.admitted[-1]


@pytest.fixture
async def entrance(with_models: Configuration) -> AsyncIterator[Entrance]:
    async with open_entrance(with_models) as entrance:
        yield entrance


@asynccontextmanager
async def open_entrance(configuration: Configuration, *, deadline_s: float = 60.0) -> AsyncIterator[Entrance]:
    """A server that admits requests and does nothing else with them."""
    authentication = Authentication(projects=configuration.projects, inner_key=configuration.inner_key)
    admission, admitted, contexts = Admission(configuration), list[ModelRequest](), list[RequestContext]()

    async def answer(request: web.BaseRequest) -> tuple[int, object]:
        route = find_route(request.method, request.rel_url.raw_path)
        assert route is not None
        if authentication.is_litellm(request, route):
            admitted.append(await admission.admit_inner(request, route, contexts[-1]))
            return 200, "admitted"
        owner = authentication.find_owner(request)
        if owner is None:
            return parse(invalid_api_key())
        project = owner.project
        if route.surface is None:
            return parse(admission.describe_models(project, route.model))
        context = RequestContext(
            request_id="r", route="r", started=0, deadline=now() + deadline_s, project=project.name
        )
        contexts.append(context)
        admitted.append(await admission.admit(request, route, project, context, reserve=lambda _: None))
        return 200, "admitted"

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            status, body = await answer(request)
        except RefusedError as refused:
            status, body = parse(refused.response)
        return web.json_response(body, status=status)

    server = Server(handle, timeouts=Timeouts(), limits=Limits(), log_event=lambda _: None)
    async with Client(GatewayServer(server)) as client:
        yield Entrance(client, admitted)


def parse(response: Response) -> tuple[int, object]:
    assert isinstance(response.body, bytes)
    return response.status, json.loads(response.body)


def code_of(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


@pytest.mark.parametrize(
    ("path", "model", "surface", "via_litellm"),
    [
        ("/v1/responses", CODEX, Surface.RESPONSES, False),
        ("/v1/v1/responses", CODEX, Surface.RESPONSES, False),
        ("/openai/responses", CODEX, Surface.RESPONSES, False),
        ("/openai/v1/responses", CODEX, Surface.RESPONSES, False),
        ("/v1/responses/compact", CODEX, Surface.COMPACT, False),
        ("/v1/responses/input_tokens", CODEX, Surface.INPUT_TOKENS, False),
        ("/v1/responses/input_tokens", TRANSLATED, Surface.INPUT_TOKENS, False),
        ("/v1/chat/completions", CODEX, Surface.CHAT, True),
        (f"/openai/deployments/{CODEX}/chat/completions", CODEX, Surface.CHAT, True),
        ("/v1/chat/completions", CHAT, Surface.CHAT, False),
        ("/v1/embeddings", EMBEDDING, Surface.EMBEDDINGS, False),
        (f"/openai/deployments/{EMBEDDING}/embeddings", EMBEDDING, Surface.EMBEDDINGS, False),
        ("/v1/responses", TRANSLATED, Surface.RESPONSES, True),
        ("/v1/responses/compact", TRANSLATED, Surface.COMPACT, False),
        ("/v1/chat/completions", TRANSLATED, Surface.CHAT, True),
        ("/v1/chat/completions", "translated-chat", Surface.CHAT, True),
        ("/v1/embeddings", "translated-embeddings", Surface.EMBEDDINGS, True),
    ],
)
async def test_who_answers_depends_on_model_and_api(
    entrance: Entrance, path: str, model: str, surface: Surface, *, via_litellm: bool
) -> None:
    request = await entrance.admit(path, {"model": model, "messages": MESSAGES, "input": "hi"})
    assert (request.surface, request.model.name, request.via_litellm) == (surface, model, via_litellm)
    assert (request.context.model, request.project.name) == (model, "default")


async def test_what_azure_answers_itself_passes_as_it_came(entrance: Entrance) -> None:
    body = f' {{"input": "\\u00e9", "store": false, "api_base": "x",\n "model":"{CODEX}", "new": [1.0, 1e2]}} '
    response = await entrance.client.post(
        "/v1/responses", data=body, headers=BEARER | {"content-type": "application/json"}
    )
    assert response.status == 200
    (request,) = entrance.admitted
    assert request.body == body.encode()
    assert request.fields == json.loads(body)
    assert request.context.dropped_fields == 0


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/responses/compact", "/openai/responses"])
async def test_azure_reads_its_own_name_of_a_deployment(entrance: Entrance, path: str) -> None:
    request = await entrance.admit(path, {"input": "\u00e9 \ud83d", "model": OWN, "store": False, "new": {"a": 1.5}})
    assert json.loads(request.body) == {
        "input": "\u00e9 \ud83d",
        "model": "gpt-own",
        "store": False,
        "new": {"a": 1.5},
    }
    assert (request.model.name, request.context.model, request.fields["model"]) == (OWN, OWN, OWN)


@pytest.mark.parametrize("path", ["/openai/responses", "/openai/responses/compact"])
async def test_who_speaks_azures_language_may_use_it_too(entrance: Entrance, path: str) -> None:
    request = await entrance.admit(path, {"model": "gpt-own", "input": "hi"})
    assert (request.model.name, json.loads(request.body)["model"]) == (OWN, "gpt-own")
    assert code_of(await entrance.post("/v1/responses", {"model": "gpt-own", "input": "hi"})) == (
        404,
        "model_not_found",
    )


async def test_a_deployment_in_the_path_is_a_models_name_first(entrance: Entrance) -> None:
    request = await entrance.admit("/openai/deployments/gpt-own/chat/completions", {"messages": MESSAGES})
    assert (request.model.name, json.loads(request.body)["model"]) == (OWN, OWN)
    request = await entrance.admit(
        f"/openai/deployments/{CODEX}/chat/completions", {"messages": MESSAGES, "model": "other"}
    )
    assert (request.model.name, json.loads(request.body)["model"]) == (CODEX, CODEX)


async def test_litellm_reads_known_fields_and_the_models_own_name(entrance: Entrance) -> None:
    known = {"messages": MESSAGES, "model": CODEX, "temperature": 0, "metadata": {"a": "b"}}
    request = await entrance.admit("/v1/chat/completions", known | {"api_base": "http://x"})
    assert json.loads(request.body) == {"messages": MESSAGES, "model": CODEX}
    assert request.fields == known
    assert request.context.inner.parameters == {"metadata": {"a": "b"}, "store": False}
    assert request.context.dropped_fields == 2


async def test_litellm_reads_a_question_mark_for_half_an_emoji(entrance: Entrance) -> None:
    messages = [{"role": "user", "content": "\u00e9 \ud83d \U0001f600"}]
    request = await entrance.admit("/v1/chat/completions", {"messages": messages, "model": CODEX})
    assert json.loads(request.body.decode())["messages"][0]["content"] == "\u00e9 ? \U0001f600"


async def test_a_misshapen_body_is_refused_where_litellm_would_read_it(entrance: Entrance) -> None:
    refused = await entrance.post("/v1/chat/completions", {"model": CODEX, "messages": "hi"})
    assert code_of(refused) == (400, "invalid_type")
    assert (await entrance.admit("/v1/chat/completions", {"model": CHAT, "messages": "hi"})).fields["messages"] == "hi"


@pytest.mark.parametrize(("stream", "streamed"), [(True, True), (False, False), (None, False)])
async def test_a_stream_is_what_the_body_asks_for(entrance: Entrance, *, stream: bool | None, streamed: bool) -> None:
    request = await entrance.admit("/v1/responses", {"model": CODEX, "input": "hi", "stream": stream})
    assert (request.stream, request.context.stream) == (streamed, streamed)


@pytest.mark.parametrize(("path", "model"), [("/v1/embeddings", EMBEDDING), ("/v1/responses/compact", CODEX)])
async def test_what_cannot_be_streamed_is_none(entrance: Entrance, path: str, model: str) -> None:
    assert not (await entrance.admit(path, {"model": model, "input": "hi", "stream": True})).stream


@pytest.mark.parametrize(
    ("path", "fields", "status", "code"),
    [
        ("/v1/responses", {}, 400, "missing_required_parameter"),
        ("/v1/responses", {"model": None}, 400, "missing_required_parameter"),
        ("/v1/responses", {"model": [CODEX]}, 400, "missing_required_parameter"),
        ("/v1/responses", {"model": "gpt-9"}, 404, "model_not_found"),
        ("/v1/responses", {"model": ""}, 404, "model_not_found"),
        ("/v1/responses", {"model": "*"}, 404, "model_not_found"),
        ("/v1/responses", {"model": f"azure/{CODEX}"}, 404, "model_not_found"),
        ("/v1/responses", {"model": f"responses/{CODEX}"}, 404, "model_not_found"),
        ("/v1/responses", {"model": CODEX.upper()}, 404, "model_not_found"),
        ("/v1/responses", {"model": f"{CODEX} "}, 404, "model_not_found"),
        ("/openai/deployments/gpt-9/embeddings", {"model": EMBEDDING}, 404, "model_not_found"),
        ("/v1/responses", {"model": EMBEDDING}, 400, "unsupported_model"),
        ("/v1/responses", {"model": CHAT}, 400, "unsupported_model"),
        ("/v1/responses/compact", {"model": CHAT}, 400, "unsupported_model"),
        ("/v1/embeddings", {"model": CODEX}, 400, "unsupported_model"),
        ("/v1/chat/completions", {"model": EMBEDDING}, 400, "unsupported_model"),
        ("/v1/responses", {"model": CODEX, "stream": "yes"}, 400, "invalid_type"),
        ("/v1/responses", {"model": CODEX, "stream": 1}, 400, "invalid_type"),
        ("/v1/responses", {"model": CODEX, "conversation": "conv_1"}, 400, "unsupported_parameter"),
        ("/v1/responses", {"model": CODEX, "conversation": {"id": "conv_1"}}, 400, "unsupported_parameter"),
        ("/v1/responses/input_tokens", {"model": CODEX, "conversation": "conv_1"}, 400, "unsupported_parameter"),
        ("/v1/responses", {"model": CODEX, "previous_response_id": ["resp_1"]}, 400, "invalid_type"),
        ("/v1/responses/compact", {"model": CODEX, "previous_response_id": 1}, 400, "invalid_type"),
        ("/v1/responses", {"model": CODEX, "metadata": []}, 400, "invalid_type"),
        ("/v1/responses", {"model": CODEX, "metadata": {"gateway_project": "x"}}, 400, "invalid_value"),
        ("/v1/responses", [CODEX], 400, "invalid_json"),
        ("/v1/responses", {"model": CODEX, "input": "x" * 20_000}, 413, "request_too_large"),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_the_reason(
    entrance: Entrance, path: str, fields: object, status: int, code: str
) -> None:
    assert code_of(await entrance.post(path, fields)) == (status, code)
    assert entrance.admitted == []


async def test_a_long_name_of_a_model_is_not_repeated_in_whole(entrance: Entrance) -> None:
    _, body = await entrance.post("/v1/responses", {"model": "x" * 1000})
    assert len(body["error"]["message"]) < 400


@pytest.mark.parametrize(("deadline_s", "limit_s"), [(60.0, 0.5), (0.1, 0.1)])
async def test_a_body_has_its_own_time_within_the_requests(
    with_models: Configuration, deadline_s: float, limit_s: float
) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    async with open_entrance(with_models, deadline_s=deadline_s) as entrance:
        headers = BEARER | {"content-type": "application/json"}
        response = await entrance.client.post("/v1/responses", data=drip(), headers=headers)
        assert response.status == 408
        assert now() == pytest.approx(limit_s)


async def test_each_project_sees_its_models_and_no_other(entrance: Entrance) -> None:
    async def get(path: str, key: str) -> tuple[int, Any]:
        response = await entrance.client.get(path, headers={"x-gateway-key": key})
        return response.status, await response.json()

    for key in (GATEWAY_KEY, SECONDARY_KEY):
        status, body = await get("/v1/models", key)
        assert (status, body["object"]) == (200, "list")
        names = [CODEX, CHAT, EMBEDDING, TRANSLATED, OWN, "translated-chat", "translated-embeddings"]
        assert [model["id"] for model in body["data"]] == names
        assert body["data"][0] == {
            "id": CODEX,
            "object": "model",
            "created": 1_770_249_600,
            "owned_by": "azure",
            "context_window": 400_000,
            "max_output_tokens": 128_000,
        }
        assert set(body["data"][1]) == {"id", "object", "created", "owned_by"}
    assert [model["id"] for model in (await get("/v1/models", OTHER_KEY))[1]["data"]] == [EMBEDDING]
    assert (await get(f"/v1/models/{EMBEDDING}", OTHER_KEY))[1] == body["data"][2]
    unknown, forbidden = await get("/v1/models/gpt-9", OTHER_KEY), await get(f"/v1/models/{CODEX}", OTHER_KEY)
    assert code_of(unknown) == code_of(forbidden) == (404, "model_not_found")
    assert forbidden[1]["error"]["message"] == unknown[1]["error"]["message"].replace("gpt-9", CODEX)


async def test_a_model_of_another_project_does_not_exist(entrance: Entrance) -> None:
    bearer = f"Bearer {OTHER_KEY}"
    assert (
        await entrance.admit("/v1/embeddings", {"model": EMBEDDING, "input": "x"}, authorization=bearer)
    ).context.model
    for path, model in (("/v1/responses", CODEX), ("/openai/responses", CODEX), ("/openai/responses", "gpt-own")):
        refused = await entrance.post(path, {"model": model, "input": "x"}, authorization=bearer)
        assert code_of(refused) == (404, "model_not_found")
        assert f"Use one of {EMBEDDING}." in refused[1]["error"]["message"]


@pytest.mark.parametrize(
    ("outer", "path", "surface"),
    [
        (("/v1/chat/completions", TRANSLATED), "/openai/responses", Surface.RESPONSES),
        (("/v1/chat/completions", CODEX), "/openai/responses", Surface.RESPONSES),
        (("/v1/chat/completions", "translated-chat"), "/openai/deployments/{}/chat/completions", Surface.CHAT),
        (("/v1/embeddings", "translated-embeddings"), "/openai/deployments/{}/embeddings", Surface.EMBEDDINGS),
    ],
)
async def test_what_litellm_asks_is_the_models_own_api(
    entrance: Entrance, outer: tuple[str, str], path: str, surface: Surface
) -> None:
    own = {"model": outer[1], "messages": MESSAGES, "input": "hi", "user": "u"}
    context = (await entrance.admit(outer[0], own)).context
    fields = {"model": outer[1], "input": "hi", "messages": MESSAGES, "stream": True, "user": "LiteLLM's"}
    request = await entrance.admit(path.format(outer[1]), fields, api_key=INNER_KEY)
    assert (request.surface, request.via_litellm, request.model.name) == (surface, False, outer[1])
    assert (request.context, request.project.name, request.stream) == (
        context,
        "default",
        surface is not Surface.EMBEDDINGS,
    )
    body = json.loads(request.body)
    assert body["model"] == (outer[1] if surface is not Surface.RESPONSES else CODEX)
    assert (body["user"], body["stream"]) == ("u", True)
    assert body.get("messages", body.get("input")) in ("hi", MESSAGES)
    assert not context.stream


@pytest.mark.parametrize(
    ("path", "fields", "status", "code"),
    [
        ("/openai/responses", {"model": TRANSLATED, "input": "hi"}, 404, "model_not_found"),
        ("/openai/responses", {"model": OWN, "input": "hi"}, 404, "model_not_found"),
        (f"/openai/deployments/{EMBEDDING}/embeddings", {"input": "hi"}, 404, "model_not_found"),
        (f"/openai/deployments/{CODEX}/chat/completions", {"messages": MESSAGES}, 400, "unsupported_model"),
        ("/openai/responses/compact", {"model": CODEX, "input": "hi"}, 400, "unsupported_model"),
        ("/openai/responses", {"input": "hi"}, 400, "missing_required_parameter"),
    ],
)
async def test_litellm_may_ask_for_nothing_else(
    entrance: Entrance, path: str, fields: dict[str, object], status: int, code: str
) -> None:
    await entrance.admit("/v1/chat/completions", {"model": CODEX, "messages": MESSAGES})
    assert code_of(await entrance.post(path, fields, api_key=INNER_KEY)) == (status, code)

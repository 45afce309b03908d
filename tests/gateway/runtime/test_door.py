"""Who may enter the gateway, where, and with what."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from gateway.runtime.configuration import Configuration, Model
from gateway.runtime.door import Door
from gateway.runtime.errors import RefusedError
from gateway.runtime.exchange import Answer, Call, Record, Surface
from gateway.runtime.protocol import Server
from gateway.runtime.routes import find_route

from .conftest import (
    BEARER,
    CHAT,
    CODEX,
    EMBEDDING,
    GATEWAY_KEY,
    INNER_KEY,
    OTHER_KEY,
    SECONDARY_KEY,
    TRANSLATED,
    Client,
    OurServer,
    Scripted,
    line_of,
)

pytestmark = pytest.mark.anyio
MESSAGES = [{"role": "user", "content": "hi"}]
OWN = "my-codex"


@pytest.fixture
def models(configuration: Configuration) -> dict[str, Model]:
    """Those of the configuration, one whose deployment has another name, and one translated of each other kind."""
    models = dict(configuration.models)
    models[OWN] = replace(models[CODEX], name=OWN, deployment="gpt-own")
    models["translated-chat"] = replace(models[CHAT], name="translated-chat", translate=True)
    models["translated-embeddings"] = replace(models[EMBEDDING], name="translated-embeddings", translate=True)
    return models


@pytest.fixture
def open_for(configuration: Configuration, models: dict[str, Model]) -> Configuration:
    """The first project may use all of them; a body has half a second."""
    first, *others = configuration.projects
    projects = (replace(first, models=frozenset(models)), *others)
    return replace(configuration, models=models, projects=projects)


class Knocking:
    """A client in front of a door, and the calls that it let in."""

    def __init__(self, client: Client, calls: list[Call]) -> None:
        self.client = client
        self.calls = calls

    async def post(self, path: str, fields: object, **headers: str) -> tuple[int, Any]:
        """Return status and body of the answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()} or BEARER
        response = await self.client.post(path, json=fields, headers=named)
        return response.status, await response.json()

    async def enter(self, path: str, fields: object, **headers: str) -> Call:
        """Return the call that the door made of it."""
        status, body = await self.post(path, fields, **headers)
        assert (status, body) == (200, "entered")
        return self.calls[-1]


@pytest.fixture
async def door(open_for: Configuration) -> AsyncIterator[Knocking]:
    """The door alone."""
    async with knocking(open_for) as knock:
        yield knock


@asynccontextmanager
async def knocking(configuration: Configuration, *, deadline_s: float = 60.0) -> AsyncIterator[Knocking]:
    """A server that is a door and nothing else: what it lets in is answered at once."""
    door, calls = Door(configuration), list[Call]()
    outer: list[Record] = []

    async def answer(request: web.BaseRequest) -> tuple[int, object]:
        route = find_route(request.method, request.rel_url.raw_path)
        assert route is not None
        if door.is_inner(request, route):
            calls.append(await door.admit_inner(request, route, outer[-1]))
            return 200, "entered"
        project = door.project_of(request, route)
        if route.surface is None:
            return _told(door.model(project, route.model) if route.model else door.models(project))
        deadline = asyncio.get_running_loop().time() + deadline_s
        record = Record(request_id="r", route=route.name, started=0, deadline=deadline, project=project.name)
        outer.append(record)
        calls.append(await door.admit(request, route, project, record, take=lambda _: None))
        return 200, "entered"

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            status, body = await answer(request)
        except RefusedError as refused:
            status, body = _told(refused.answer)
        return web.json_response(body, status=status)

    async with Client(OurServer(Server(handle, tell=lambda _: None))) as client:
        yield Knocking(client, calls)


def _told(answer: Answer) -> tuple[int, object]:
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body)


def code_of(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


@pytest.mark.parametrize(
    ("path", "model", "surface", "translated"),
    [
        ("/v1/responses", CODEX, Surface.RESPONSES, False),
        ("/v1/v1/responses", CODEX, Surface.RESPONSES, False),
        ("/openai/responses", CODEX, Surface.RESPONSES, False),
        ("/v1/responses/compact", CODEX, Surface.COMPACT, False),
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
    door: Knocking, path: str, model: str, surface: Surface, *, translated: bool
) -> None:
    call = await door.enter(path, {"model": model, "messages": MESSAGES, "input": "hi"})
    assert (call.surface, call.model.name, call.translated) == (surface, model, translated)
    assert (call.record.model, call.project.name) == (model, "default")


async def test_what_azure_answers_itself_passes_as_it_came(door: Knocking) -> None:
    body = f' {{"input": "\\u00e9", "api_base": "x",\n "model":"{CODEX}", "new": [1.0, 1e2]}} '
    response = await door.client.post("/v1/responses", data=body, headers=BEARER | {"content-type": "application/json"})
    assert response.status == 200
    (call,) = door.calls
    assert call.body == body.encode()
    assert call.fields == json.loads(body)
    assert call.record.dropped == 0


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/responses/compact", "/openai/responses"])
async def test_azure_reads_its_own_name_of_a_deployment(door: Knocking, path: str) -> None:
    call = await door.enter(path, {"input": "\u00e9 \ud83d", "model": OWN, "new": {"a": 1.5}})
    assert json.loads(call.body) == {"input": "\u00e9 \ud83d", "model": "gpt-own", "new": {"a": 1.5}}
    assert (call.model.name, call.record.model, call.fields["model"]) == (OWN, OWN, OWN)


@pytest.mark.parametrize("path", ["/openai/responses", "/openai/responses/compact"])
async def test_who_speaks_azures_language_may_use_it_too(door: Knocking, path: str) -> None:
    call = await door.enter(path, {"model": "gpt-own", "input": "hi"})
    assert (call.model.name, json.loads(call.body)["model"]) == (OWN, "gpt-own")
    assert code_of(await door.post("/v1/responses", {"model": "gpt-own", "input": "hi"})) == (404, "model_not_found")


async def test_a_deployment_in_the_path_is_a_models_name_first(door: Knocking) -> None:
    call = await door.enter("/openai/deployments/gpt-own/chat/completions", {"messages": MESSAGES})
    assert (call.model.name, json.loads(call.body)["model"]) == (OWN, OWN)
    call = await door.enter(f"/openai/deployments/{CODEX}/chat/completions", {"messages": MESSAGES, "model": "other"})
    assert (call.model.name, json.loads(call.body)["model"]) == (CODEX, CODEX)


async def test_litellm_reads_known_fields_and_the_models_own_name(door: Knocking) -> None:
    fields = {"messages": MESSAGES, "model": CODEX, "api_base": "http://x", "metadata": {"a": 1}}
    call = await door.enter("/v1/chat/completions", fields)
    assert json.loads(call.body) == call.fields == {"messages": MESSAGES, "model": CODEX}
    assert call.record.dropped == 2


async def test_litellm_reads_a_question_mark_for_half_an_emoji(door: Knocking) -> None:
    messages = [{"role": "user", "content": "\u00e9 \ud83d \U0001f600"}]
    call = await door.enter("/v1/chat/completions", {"messages": messages, "model": CODEX})
    assert json.loads(call.body.decode())["messages"][0]["content"] == "\u00e9 ? \U0001f600"


async def test_a_misshapen_body_is_refused_where_litellm_would_read_it(door: Knocking) -> None:
    refused = await door.post("/v1/chat/completions", {"model": CODEX, "messages": "hi"})
    assert code_of(refused) == (400, "invalid_type")
    assert (await door.enter("/v1/chat/completions", {"model": CHAT, "messages": "hi"})).fields["messages"] == "hi"


@pytest.mark.parametrize(("stream", "streamed"), [(True, True), (False, False), (None, False)])
async def test_a_stream_is_what_the_body_asks_for(door: Knocking, *, stream: bool | None, streamed: bool) -> None:
    call = await door.enter("/v1/responses", {"model": CODEX, "input": "hi", "stream": stream})
    assert (call.stream, call.record.stream) == (streamed, streamed)


@pytest.mark.parametrize(("path", "model"), [("/v1/embeddings", EMBEDDING), ("/v1/responses/compact", CODEX)])
async def test_what_cannot_be_streamed_is_none(door: Knocking, path: str, model: str) -> None:
    assert not (await door.enter(path, {"model": model, "input": "hi", "stream": True})).stream


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
        ("/v1/responses", [CODEX], 400, "invalid_json"),
        ("/v1/responses", {"model": CODEX, "input": "x" * 20_000}, 413, "request_too_large"),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_the_reason(
    door: Knocking, path: str, fields: object, status: int, code: str
) -> None:
    assert code_of(await door.post(path, fields)) == (status, code)
    assert door.calls == []


async def test_a_long_name_of_a_model_is_not_repeated_in_whole(door: Knocking) -> None:
    _, body = await door.post("/v1/responses", {"model": "x" * 1000})
    assert len(body["error"]["message"]) < 400


async def test_a_body_has_its_own_time_within_the_requests(open_for: Configuration) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    loop = asyncio.get_running_loop()
    for deadline_s, least in ((60.0, 0.5), (0.1, 0.1)):
        async with knocking(open_for, deadline_s=deadline_s) as door:
            started = loop.time()
            headers = BEARER | {"content-type": "application/json"}
            response = await door.client.post("/v1/responses", data=drip(), headers=headers)
            assert response.status == 408
            assert least <= loop.time() - started < least + 1


async def test_each_project_sees_its_models_and_no_other(door: Knocking) -> None:
    async def get(path: str, key: str) -> tuple[int, Any]:
        response = await door.client.get(path, headers={"x-gateway-key": key})
        return response.status, await response.json()

    for key in (GATEWAY_KEY, SECONDARY_KEY):
        status, body = await get("/v1/models", key)
        assert (status, body["object"]) == (200, "list")
        names = [CODEX, CHAT, EMBEDDING, TRANSLATED, OWN, "translated-chat", "translated-embeddings"]
        assert [model["id"] for model in body["data"]] == names
        assert set(body["data"][0]) == {"id", "object", "created", "owned_by"}
    assert [model["id"] for model in (await get("/v1/models", OTHER_KEY))[1]["data"]] == [EMBEDDING]
    assert (await get(f"/v1/models/{EMBEDDING}", OTHER_KEY))[1] == body["data"][2]
    unknown, forbidden = await get("/v1/models/gpt-9", OTHER_KEY), await get(f"/v1/models/{CODEX}", OTHER_KEY)
    assert code_of(unknown) == code_of(forbidden) == (404, "model_not_found")
    assert forbidden[1]["error"]["message"] == unknown[1]["error"]["message"].replace("gpt-9", CODEX)


async def test_a_model_of_another_project_does_not_exist(door: Knocking) -> None:
    bearer = f"Bearer {OTHER_KEY}"
    assert (await door.enter("/v1/embeddings", {"model": EMBEDDING, "input": "x"}, authorization=bearer)).record.model
    for path, model in (("/v1/responses", CODEX), ("/openai/responses", CODEX), ("/openai/responses", "gpt-own")):
        refused = await door.post(path, {"model": model, "input": "x"}, authorization=bearer)
        assert code_of(refused) == (404, "model_not_found")
        assert f"use one of {EMBEDDING}." in refused[1]["error"]["message"]


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
    door: Knocking, outer: tuple[str, str], path: str, surface: Surface
) -> None:
    record = (await door.enter(outer[0], {"model": outer[1], "messages": MESSAGES, "input": "hi"})).record
    fields = {"model": outer[1], "input": "hi", "messages": MESSAGES, "stream": True, "extra": 1}
    call = await door.enter(path.format(outer[1]), fields, api_key=INNER_KEY)
    assert (call.surface, call.translated, call.model.name) == (surface, False, outer[1])
    assert (call.record, call.project.name, call.stream) == (record, "default", surface is not Surface.EMBEDDINGS)
    named = outer[1] if surface is not Surface.RESPONSES else CODEX
    assert json.loads(call.body) == fields | {"model": named}
    assert not record.stream


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
    door: Knocking, path: str, fields: dict[str, object], status: int, code: str
) -> None:
    await door.enter("/v1/chat/completions", {"model": CODEX, "messages": MESSAGES})
    assert code_of(await door.post(path, fields, api_key=INNER_KEY)) == (status, code)


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/models", "/v1/models/x", "/openai/responses"])
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"x-gateway-key": INNER_KEY}])
async def test_without_a_key_nobody_enters(client: Client, path: str, headers: dict[str, str]) -> None:
    method = "GET" if "models" in path else "POST"
    response = await client.request(method, path, json={"model": CODEX, "input": "hi"}, headers=headers)
    assert response.status == 401
    assert (await response.json())["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize("headers", [{}, BEARER])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "//v1/models", "/v1/models/", "/v1/%6dodels", "/docs", "/v1/models/..%2fx"])
async def test_every_other_path_is_404_key_or_not(
    client: Client, method: str, path: str, headers: dict[str, str]
) -> None:
    url = URL(str(client.make_url("")).rstrip("/") + path, encoded=True)
    async with client.session.request(method, url, headers=headers) as response:
        assert response.status == 404
        assert (await response.json())["error"]["code"] == "not_found"
        assert response.headers["server"] == "gateway"


async def test_a_mistake_of_ours_shows_the_client_nothing(
    client: Client, azure: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("prompt text")

    monkeypatch.setattr("gateway.runtime.door.read", explode)
    response = await client.post("/v1/responses", json={"model": CODEX, "input": "hi"}, headers=BEARER)
    assert response.status == 500
    assert (await response.json())["error"]["code"] == "internal_error"
    line = line_of(capsys)
    assert line["error"].startswith("RuntimeError in explode")
    assert "prompt text" not in json.dumps(line)
    assert azure.requests == []

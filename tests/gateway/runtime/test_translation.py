"""What goes by way of LiteLLM: it is waited for, called once, and its failures keep Azure's words."""

import asyncio
import json
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.runtime.app import build_app
from gateway.runtime.configuration import Configuration

from .conftest import (
    BEARER,
    CODEX,
    INNER_KEY,
    Client,
    Handler,
    Scripted,
    abort,
    hang,
    json_answer,
    serve,
    stream_answer,
)

pytestmark = pytest.mark.anyio
CHAT = {"model": CODEX, "messages": [{"role": "user", "content": "hi"}]}
CHUNK = 'data: {"choices":[{"delta":{"content":"x"},"finish_reason":null}]}\n\n'
STOP = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = "data: [DONE]\n\n"


@pytest.fixture
def alive(litellm: Scripted) -> Scripted:
    """LiteLLM, loaded: its health check answers, and the script is for the calls alone."""
    handle = litellm.handle

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/health/liveliness":
            return web.json_response("I'm alive!")
        return await handle(request)

    litellm.handle = answer  # type: ignore[method-assign]
    return litellm


@pytest.mark.parametrize("path", ["/chat/completions", "/v1/chat/completions"])
async def test_chat_on_a_codex_model_is_litellms(alive: Scripted, client: Client, azure: Scripted, path: str) -> None:
    alive.answers(json_answer(body={"choices": []}))
    response = await client.post(path, json=CHAT, headers=BEARER)
    assert (response.status, await response.json()) == (200, {"choices": []})
    (request,) = alive.requests
    assert request.path_qs == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {INNER_KEY}"
    assert request.headers["x-gateway-request"] == response.headers["x-request-id"]
    assert azure.requests == []


async def test_a_streamed_chat_passes_as_it_comes(alive: Scripted, client: Client) -> None:
    alive.answers(stream_answer(CHUNK, STOP, DONE))
    response = await client.post("/v1/chat/completions", json=CHAT | {"stream": True}, headers=BEARER)
    assert await response.text() == CHUNK + STOP + DONE


async def test_a_streamed_chat_that_breaks_ends_with_an_error_chunk(alive: Scripted, client: Client) -> None:
    alive.answers(stream_answer(CHUNK, None))
    response = await client.post("/v1/chat/completions", json=CHAT | {"stream": True}, headers=BEARER)
    text = await response.text()
    assert text.startswith(CHUNK + "data: ")
    assert json.loads(text.removeprefix(CHUNK + "data: "))["error"]["code"] == "upstream_interrupted"


@pytest.mark.parametrize("failing", [json_answer(500), abort, json_answer(429)])
async def test_a_failure_of_litellms_own_is_not_repeated(alive: Scripted, client: Client, failing: Handler) -> None:
    alive.answers(failing)
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert response.status == 502
    assert (await response.json())["error"]["code"] == "translation_failed"
    assert len(alive.requests) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            {"error": {"message": "messages must be a list\nTraceback (most recent call last):\n  File x"}},
            "must be a list",
        ),
        ({"detail": "no"}, "it answered 422"),
    ],
)
async def test_what_litellm_cannot_translate_is_a_400_without_its_traceback(
    alive: Scripted, client: Client, body: dict[str, object], reason: str
) -> None:
    alive.answers(json_answer(422, body))
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    error = (await response.json())["error"]
    assert (response.status, error["code"]) == (400, "translation_refused")
    assert reason in error["message"]
    assert "Traceback" not in error["message"]


async def test_an_error_in_litellms_stream_is_told_in_our_words(alive: Scripted, client: Client) -> None:
    alive.answers(stream_answer(CHUNK, 0.05, 'data: {"error": {"message": "litellm.X", "code": "500"}}\n\n'))
    response = await client.post("/v1/chat/completions", json=CHAT | {"stream": True}, headers=BEARER)
    text = await response.text()
    assert "litellm" not in text
    assert json.loads(text.removeprefix(CHUNK + "data: "))["error"]["code"] == "upstream_interrupted"


async def test_a_client_that_leaves_takes_the_call_beneath_with_it(
    alive: Scripted, client: Client, azure: Scripted
) -> None:
    started, gone = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        started.set()
        try:
            await asyncio.sleep(5)
        finally:
            gone.set()
        return web.Response()

    azure.answers(slow)
    # A LiteLLM that goes on although its own client has gone.
    alive.answers(call_beneath(client, then=json_answer()))
    asking = asyncio.create_task(client.post("/v1/chat/completions", json=CHAT, headers=BEARER))
    await asyncio.wait_for(started.wait(), timeout=2)
    asking.cancel()
    await asyncio.wait_for(gone.wait(), timeout=0.25)
    assert len(azure.requests) == 1


def call_beneath(client: Client, *, then: Handler) -> Handler:
    """As LiteLLM does: call the gateway as if it were Azure, then answer in its own words."""

    async def handler(request: web.Request) -> web.StreamResponse:
        headers = {"api-key": INNER_KEY, "x-gateway-request": request.headers["x-gateway-request"]}
        async with client.post("/openai/responses", json={"model": CODEX, "input": "hi"}, headers=headers) as beneath:
            await beneath.read()
        return await then(request)

    return handler


@pytest.mark.parametrize("status", [400, 500])
async def test_when_the_call_beneath_fails_the_client_reads_azures_words(
    alive: Scripted, client: Client, azure: Scripted, status: int
) -> None:
    refusal = {"error": {"code": "content_filter", "message": "filtered"}}
    azure.answers(json_answer(400, refusal))
    alive.answers(call_beneath(client, then=json_answer(status, {"error": {"message": "litellm.X: AzureException"}})))
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert (response.status, await response.json()) == (400, refusal)


async def test_a_translated_request_is_one_line_of_the_log(
    alive: Scripted, client: Client, azure: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.answers(json_answer(500), json_answer())
    alive.answers(call_beneath(client, then=json_answer()))
    await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    line = json.loads(capsys.readouterr().out)
    assert line["route"] == "chat/completions"
    assert [(made["upstream"], made["status"]) for made in line["attempts"]] == [
        ("litellm", 200),
        ("azure-openai", 500),
        ("azure-openai", 200),
    ]


async def test_a_request_that_comes_before_litellm_has_loaded_waits(client: Client, litellm: Scripted) -> None:
    litellm.answers(json_answer(503), json_answer(200), json_answer(body={"choices": []}))
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert (response.status, await response.json()) == (200, {"choices": []})
    assert [request.path for request in litellm.requests] == [
        "/health/liveliness",
        "/health/liveliness",
        "/v1/chat/completions",
    ]


@pytest.mark.parametrize("never", [json_answer(503), abort, hang])
async def test_but_not_for_ever(client: Client, litellm: Scripted, never: Handler) -> None:
    litellm.answers(never)
    loop = asyncio.get_running_loop()
    started = loop.time()
    response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
    assert response.status == 503
    assert (await response.json())["error"]["code"] == "translation_unavailable"
    assert response.headers["retry-after"] == "5"
    assert loop.time() - started < 2.5


async def test_a_litellm_that_went_away_is_waited_for_like_one_that_has_not_come(
    configuration: Configuration, litellm: Scripted
) -> None:
    litellm.answers(json_answer())
    server = await serve(litellm)
    app = build_app(replace(configuration, litellm_url=str(server.make_url("")).rstrip("/")))
    async with TestClient(TestServer(app)) as client:
        assert (await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)).status == 200
        await server.close()
        response = await client.post("/v1/chat/completions", json=CHAT, headers=BEARER)
        assert response.status == 503
        assert (await response.json())["error"]["code"] == "translation_unavailable"

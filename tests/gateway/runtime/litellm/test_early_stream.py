"""The client's stream while Azure's has begun and LiteLLM has nothing to say."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from gateway.runtime.configuration import Configuration
from gateway.runtime.context import Response, Surface, now
from gateway.runtime.litellm.early_stream import wait_for_stream

from ..builders import CODEX, build_request
from ..conftest import (
    BEARER,
    Client,
    FakeUpstream,
    Script,
    abort,
    hang,
    json_answer,
    let_others_run,
    open_gateway_for,
    read_request_line,
    stream_answer,
)
from .test_translation import CHUNK, DONE, STOP, make_inner_call

pytestmark = pytest.mark.anyio
BODY = {"model": CODEX, "messages": [{"role": "user", "content": "hi"}], "stream": True}
KEEP_ALIVE_S, IDLE_S = 0.3, 0.5
COMMENT = ": keep-alive\n\n"
REASONING = 'data: {"type":"response.output_item.added"}\n\n'
PAUSE_S = 0.375
COMPLETED = 'data: {"type":"response.completed"}\n\n'


@pytest.fixture
def litellm() -> FakeUpstream:
    """LiteLLM, loaded: the script is for its calls."""
    upstream = FakeUpstream()
    handle = upstream.handle

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handle(request) if request.method == "POST" else web.json_response()

    upstream.handle = answer  # type: ignore[method-assign]
    return upstream


@pytest.fixture
async def client(configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream) -> AsyncIterator[Client]:
    """A client of a gateway with short silences."""
    timeouts = configuration.timeouts.model_copy(update={"keep_alive_s": KEEP_ALIVE_S, "idle_s": IDLE_S})
    async with open_gateway_for(replace(configuration, timeouts=timeouts), [azure], litellm) as client:
        yield client


def reasoning(*, times: int) -> Script:
    """Azure's stream of a model that reasons before it has nothing to say."""
    parts: tuple[str | float, ...] = (REASONING, PAUSE_S) * times
    return stream_answer(*parts, COMPLETED)


async def test_a_model_may_reason_for_longer_than_a_first_byte_may_take(
    configuration: Configuration, litellm: FakeUpstream, client: Client, azure: FakeUpstream
) -> None:
    azure.answers(reasoning(times=32))
    litellm.answers(make_inner_call(client, stream=True, then=stream_answer(CHUNK, STOP, DONE)))
    response = await client.post("/v1/chat/completions", json=BODY, headers=BEARER)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert now() == pytest.approx(KEEP_ALIVE_S, abs=0.05)
    text = await response.text()
    assert now() == pytest.approx(12, abs=0.5)
    assert now() > configuration.timeouts.total_s
    assert text.replace(COMMENT, "") == CHUNK + STOP + DONE
    assert text.count(COMMENT) == pytest.approx(12 / KEEP_ALIVE_S, rel=0.1)


async def test_an_answer_in_time_has_no_comment(litellm: FakeUpstream, client: Client, azure: FakeUpstream) -> None:
    azure.answers(stream_answer(REASONING, 0.125, COMPLETED))
    litellm.answers(make_inner_call(client, stream=True, then=stream_answer(CHUNK, STOP, DONE)))
    response = await client.post("/v1/chat/completions", json=BODY, headers=BEARER)
    assert await response.text() == CHUNK + STOP + DONE


@pytest.mark.parametrize(
    "failing", [abort, json_answer(500), json_answer(400), stream_answer('data: {"error": {"code": "500"}}\n\n')]
)
async def test_a_failure_after_the_beginning_is_the_last_event(
    litellm: FakeUpstream, client: Client, azure: FakeUpstream, failing: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.answers(reasoning(times=1))
    litellm.answers(make_inner_call(client, stream=True, then=failing))
    response = await client.post("/v1/chat/completions", json=BODY, headers=BEARER)
    *_, last = (await response.text()).strip().split("\n\n")
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "upstream_interrupted"
    line = read_request_line(capsys)
    assert (line["status"], line["error"]) == (200, "upstream_interrupted")


async def test_a_litellm_that_makes_nothing_of_azures_answer_is_given_up(
    litellm: FakeUpstream, client: Client, azure: FakeUpstream
) -> None:
    azure.answers(stream_answer(REASONING, COMPLETED))
    litellm.answers(make_inner_call(client, stream=True, then=hang))
    response = await client.post("/v1/chat/completions", json=BODY, headers=BEARER)
    assert "upstream_interrupted" in await response.text()
    assert now() < 10


async def test_a_client_that_leaves_before_the_first_text_ends_the_inner_call(
    litellm: FakeUpstream, client: Client, azure: FakeUpstream
) -> None:
    abandoned = asyncio.Event()

    async def reason(request: web.Request) -> web.StreamResponse:
        try:
            return await reasoning(times=100)(request)
        finally:
            abandoned.set()

    azure.answers(reason)
    litellm.answers(make_inner_call(client, stream=True, then=json_answer()))
    response = await client.post("/v1/chat/completions", json=BODY, headers=BEARER)
    response.close()
    await asyncio.wait_for(abandoned.wait(), timeout=4)


@pytest.mark.parametrize("turns", range(5))
async def test_a_client_that_leaves_as_litellm_answers_leaves_no_open_response(turns: int) -> None:
    answers, closed = asyncio.Event(), list[str]()

    async def call() -> Response:
        await answers.wait()
        return Response(status=200, body=b"", close=lambda: closed.append("litellm"))

    calling = asyncio.create_task(call())
    request = build_request(BODY, surface=Surface.CHAT)
    waiting = asyncio.create_task(wait_for_stream(calling, request, deadline=9.0, keep_alive_s=1.0, idle_s=1.0))
    await let_others_run()
    answers.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert not waiting.cancelled() or calling.cancelled() or closed == ["litellm"]

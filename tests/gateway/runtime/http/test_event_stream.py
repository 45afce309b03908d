"""Comments bridge a silence of the upstream towards the client, between complete events."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from gateway.runtime.configuration import Configuration
from gateway.runtime.http.event_stream import EventStream

from ..builders import CODEX
from ..conftest import (
    BEARER,
    INNER_KEY,
    Client,
    FakeUpstream,
    json_answer,
    open_gateway_for,
    read_log,
    stream_answer,
)

pytestmark = pytest.mark.anyio
COMMENT = ": keep-alive\n\n"
DELTA = 'data: {"type":"response.output_text.delta","sequence_number":4}\n\n'
COMPLETED = 'data: {"type":"response.completed","sequence_number":5}\n\n'
CHUNK = 'data: {"choices":[{"delta":{"content":"x"},"finish_reason":null}]}\n\n'
STOP = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
BODY = {"model": CODEX, "input": "hi", "stream": True}
CHAT = {"model": CODEX, "messages": [{"role": "user", "content": "hi"}], "stream": True}


@pytest.fixture
async def client(configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream) -> AsyncIterator[Client]:
    """A client that gets a comment after 2 seconds; Azure may be silent for 5."""
    timeouts = configuration.timeouts.model_copy(update={"keep_alive_s": 2.0, "idle_s": 5.0})
    async with open_gateway_for(replace(configuration, timeouts=timeouts), [azure], litellm) as client:
        yield client


async def stream(client: Client, body: object = BODY, path: str = "/v1/responses") -> str:
    return await (await client.post(path, json=body, headers=BEARER)).text()


@pytest.mark.parametrize(("silence_s", "comments"), [(1.9, 0), (2.1, 1), (4.9, 2)])
async def test_a_silence_is_bridged_by_comments(
    client: Client, azure: FakeUpstream, silence_s: float, comments: int
) -> None:
    azure.answers(stream_answer(DELTA, silence_s, COMPLETED))
    assert await stream(client) == DELTA + COMMENT * comments + COMPLETED


async def test_events_postpone_the_comment(client: Client, azure: FakeUpstream) -> None:
    azure.answers(stream_answer(*(part for _ in range(5) for part in (DELTA, 1.5)), COMPLETED))
    assert await stream(client) == DELTA * 5 + COMPLETED


async def test_comments_do_not_hide_a_silent_azure(client: Client, azure: FakeUpstream) -> None:
    azure.answers(stream_answer(DELTA, 100.0))
    text = await stream(client)
    assert text.startswith(DELTA + COMMENT * 2 + "event: error\n")
    assert text.count(COMMENT) == 2


async def test_a_comment_is_never_inside_an_event(client: Client, azure: FakeUpstream) -> None:
    half = len(DELTA) // 2
    azure.answers(stream_answer(DELTA + DELTA[:half], 3.0, DELTA[half:], 3.0, COMPLETED))
    assert await stream(client) == DELTA + COMMENT + DELTA + COMMENT + COMPLETED


async def test_nothing_is_sent_before_the_answer_begins(client: Client, azure: FakeUpstream) -> None:
    azure.answers(json_answer(500), stream_answer(DELTA, COMPLETED))
    assert await stream(client) == DELTA + COMPLETED


async def test_a_translated_stream_is_bridged_towards_the_client_only(
    client: Client, azure: FakeUpstream, litellm: FakeUpstream
) -> None:
    inner: list[str] = []

    async def translate(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response("alive")
        headers = {"api-key": INNER_KEY, "x-gateway-request": request.headers["x-gateway-request"]}
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(CHUNK.encode())
        async with client.post("/openai/responses", json=BODY, headers=headers) as answer:
            inner.append(await answer.text())
        await response.write(STOP.encode())
        return response

    litellm.answers(translate)
    azure.answers(stream_answer(DELTA, 3.0, COMPLETED))
    assert await stream(client, CHAT, "/v1/chat/completions") == CHUNK + COMMENT + STOP
    assert inner == [DELTA + COMPLETED]


async def test_a_client_that_leaves_in_the_silence_is_no_defect(
    client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.answers(stream_answer(DELTA, 4.5, COMPLETED))
    response = await client.post("/v1/responses", json=BODY, headers=BEARER)
    await response.content.readuntil(b"\n\n")
    response.close()
    await asyncio.sleep(10)
    assert [line["error"] for line in read_log(capsys)] == ["client_closed"]


class SlowClient:
    """A client that takes 7 seconds to read a part."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    async def write(self, part: bytes) -> None:
        """Take it, slowly."""
        self.written.append(part)
        await asyncio.sleep(7)


async def test_a_client_that_reads_slowly_gets_no_comments() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    client = SlowClient()
    await EventStream(client, keep_alive_s=2.0).write(parts())  # type: ignore[arg-type]
    await asyncio.sleep(10)
    assert client.written == [b"one", b"two"]


async def test_no_comment_follows_the_end() -> None:
    ends = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        await ends.wait()

    client = SlowClient()

    async def write() -> None:
        await EventStream(client, keep_alive_s=2.0).write(parts())  # type: ignore[arg-type]
        client.written.append(b"end")

    writing = asyncio.create_task(write())
    await asyncio.sleep(7)
    asyncio.get_running_loop().call_at(9 - 1e-10, ends.set)  # in the turn in which the comment is due
    await writing
    await asyncio.sleep(10)
    assert client.written == [b"one", b"end"]

"""Streams: complete, or ended by an error event; nothing that came before is lost."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.runtime.context import Surface
from gateway.runtime.retries import RetryableError
from gateway.runtime.upstream.response_fixes import NO_FIX, ResponseFix
from gateway.runtime.upstream.server_sent_events import Event
from gateway.runtime.upstream.stream import UpstreamStream

from ..builders import CHAT, CODEX, build_request
from ..conftest import (
    BEARER,
    Client,
    FakeUpstream,
    Script,
    json_answer,
    let_others_run,
    read_log,
    read_request_line,
    stream_answer,
)

pytestmark = pytest.mark.anyio
JSON = BEARER | {"content-type": "application/json"}
STREAMED = {"model": CODEX, "input": "hi", "stream": True}
CREATED = 'event: response.created\ndata: {"type":"response.created","sequence_number":0}\n\n'
DELTA = 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":4}\n\n'
COMPLETED = 'event: response.completed\ndata: {"type":"response.completed","sequence_number":5}\n\n'
CHUNK = 'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n'
STOP = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = "data: [DONE]\n\n"


@pytest.mark.parametrize(
    "broken",
    [
        stream_answer(CREATED, DELTA, 0.05, None),
        stream_answer(CREATED, DELTA, 0.05),
        stream_answer(CREATED, DELTA, 3.0),
        stream_answer(CREATED, DELTA, 0.05, "data: {broken\n\n", COMPLETED),
        stream_answer(CREATED, 0.05, DELTA + "data: {broken\n\n" + COMPLETED),
        stream_answer(CREATED, DELTA, 0.05, 'event: response.output_text.delta\ndata: {"type"', None),
    ],
    ids=["cut", "ended", "stalled", "malformed", "malformed in one piece", "cut inside an event"],
)
async def test_a_stream_that_breaks_later_ends_with_an_error_event(
    client: Client, azure: FakeUpstream, broken: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.answers(broken)
    response = await client.post("/v1/responses", json=STREAMED, headers=BEARER)
    text = await response.text()
    assert text.startswith(CREATED + DELTA + "event: error\ndata: ")
    event = json.loads(text.removeprefix(CREATED + DELTA + "event: error\ndata: "))
    assert (event["type"], event["sequence_number"]) == ("error", 5)
    assert event["error"]["code"] == event["code"] == "upstream_interrupted"
    assert len(azure.requests) == 1
    opened, line = read_log(capsys)
    assert opened["event"] == "breaker_opened"
    assert line["error"] == "upstream_interrupted"
    assert [(made["status"], bool(made["reason"])) for made in line["attempts"]] == [(200, True)]


async def test_nothing_is_left_of_a_stream_that_stalls(client: Client, azure: FakeUpstream) -> None:
    def count() -> int:
        gc.collect()
        return sum(isinstance(found, UpstreamStream) for found in gc.get_objects())

    azure.answers(stream_answer(CREATED, DELTA, 3.0))
    before = count()
    for _ in range(3):
        await (await client.post("/v1/responses", json=STREAMED, headers=BEARER)).read()
    await let_others_run()
    assert count() == before


async def test_events_before_a_malformed_one_reach_the_client(client: Client, azure: FakeUpstream) -> None:
    azure.answers(stream_answer(CREATED, DELTA, 0.05, DELTA + "data: {broken\n\n" + COMPLETED))
    response = await client.post("/v1/responses", json=STREAMED, headers=BEARER)
    assert (await response.text()).startswith(CREATED + DELTA + DELTA + "event: error\n")


@pytest.mark.parametrize(
    "end", [(0.05, None), (3.0,), (0.05, "data: {cut")], ids=["broken connection", "silence", "half an event"]
)
async def test_a_whole_stream_is_whole_whatever_follows(
    client: Client, azure: FakeUpstream, end: tuple[Any, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    azure.answers(stream_answer(DELTA, 0.05, COMPLETED, *end))
    response = await client.post("/v1/responses", json=STREAMED, headers=BEARER)
    assert await response.text() == DELTA + COMPLETED
    assert [line["error"] for line in read_log(capsys)] == [None]


@pytest.mark.parametrize(("n", "whole"), [(1, True), (2, False), (0, True), (None, True)])
async def test_a_chat_is_whole_when_each_of_its_choices_is(
    client: Client, azure: FakeUpstream, *, n: int | None, whole: bool
) -> None:
    azure.answers(stream_answer(CHUNK, STOP, 0.05, None))
    body = {"model": CHAT, "messages": [{"role": "user", "content": "hi"}], "stream": True, "n": n}
    response = await client.post("/v1/chat/completions", json=body, headers=BEARER)
    text = await response.text()
    assert text.startswith(CHUNK + STOP)
    assert (text == CHUNK + STOP) is whole


@pytest.mark.parametrize(
    ("options", "sent", "is_shown"),
    [
        ({}, {"include_usage": True}, False),
        ({"stream_options": None}, {"include_usage": True}, False),
        ({"stream_options": {"include_usage": False}}, {"include_usage": True}, False),
        (
            {"stream_options": {"include_obfuscation": False}},
            {"include_obfuscation": False, "include_usage": True},
            False,
        ),
        ({"stream_options": {"include_usage": True}}, {"include_usage": True}, True),
    ],
)
async def test_a_chat_of_a_plain_chat_model_passes_as_it_came_but_for_usage_that_was_not_asked_for(
    client: Client,
    azure: FakeUpstream,
    capsys: pytest.CaptureFixture[str],
    *,
    options: dict[str, object],
    sent: object,
    is_shown: bool,
) -> None:
    filtered = 'data: {"choices":[],"prompt_filter_results":[]}\n\n'
    usage = 'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'
    null = ',"usage":null'  # in all other chunks
    chunk = f'data: {{"choices":[{{"delta":{{"content":{json.dumps(null)}}}}}]%s}}\n\n'
    azure.answers(stream_answer(filtered, chunk % null, STOP, usage, DONE))
    body = {"model": CHAT, "messages": [{"role": "user", "content": "hi"}], "stream": True}
    response = await client.post("/v1/chat/completions", json=body | options, headers=BEARER)
    assert await response.text() == filtered + chunk % (null * is_shown) + STOP + usage * is_shown + DONE
    assert json.loads(azure.bodies[0]) == body | {"stream_options": sent}
    assert azure.requests[0].path_qs == f"/openai/deployments/{CHAT}/chat/completions?api-version=2024-10-21"
    tokens = read_request_line(capsys)["tokens"]
    assert (tokens["input"], tokens["output"], tokens["estimated"]) == (3, 2, False)


@pytest.mark.parametrize(
    "fields",
    [
        {"stream": False},
        {"stream": True, "data_sources": [{"type": "azure_search"}]},
        {"stream": True, "stream_options": ["include_usage"]},
        {"stream": True, "stream_options": {"include_usage": "yes"}},
    ],
    ids=["whole", "data", "no options", "no switch"],
)
async def test_a_chat_that_cannot_be_asked_for_its_usage_is_sent_as_it_came(
    client: Client, azure: FakeUpstream, fields: dict[str, object]
) -> None:
    azure.answers(stream_answer(CHUNK, STOP, DONE) if fields["stream"] else json_answer(body={"choices": []}))
    body = json.dumps({"model": CHAT, "messages": [], **fields}, indent=1).encode()
    await (await client.post("/v1/chat/completions", data=body, headers=JSON)).read()
    assert azure.bodies == [body]


@pytest.mark.parametrize(
    "end",
    [(0.05, None), (3.0,), (0.05, 'event: error\ndata: {"type":"error","error":{"code":"server_error"}}\n\n')],
    ids=["cut", "stalled", "error"],
)
async def test_tokens_of_a_stream_that_breaks_off_are_estimated(
    client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str], end: tuple[Any, ...]
) -> None:
    azure.answers(stream_answer(CREATED, DELTA, DELTA, *end))
    await (await client.post("/v1/responses", json=STREAMED | {"input": "x" * 400}, headers=BEARER)).read()
    tokens = read_request_line(capsys)["tokens"]
    assert tokens["input"] > 100
    assert (tokens["output"], tokens["estimated"]) == (3, True)


async def test_a_response_in_the_background_reports_its_tokens_later(
    client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.answers(stream_answer(CREATED, DELTA, 0.05, None))
    await (await client.post("/v1/responses", json=STREAMED | {"background": True}, headers=BEARER)).read()
    assert read_request_line(capsys)["tokens"] is None


@pytest.mark.parametrize("stream", [False, True])
async def test_what_a_failed_attempt_has_reported_is_billed_too(
    client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str], *, stream: bool
) -> None:
    usage = {"input_tokens": 100, "output_tokens": 20, "output_tokens_details": {"reasoning_tokens": 5}}
    failed = {"error": {"code": "server_error"}, "usage": usage}
    event = {"type": "response.failed", "response": failed}
    done = {"usage": {"input_tokens": 3, "output_tokens": 1}}
    if stream:
        end = json.dumps({"type": "response.completed", "response": done})
        azure.answers(stream_answer(CREATED, f"data: {json.dumps(event)}\n\n"), stream_answer(f"data: {end}\n\n"))
    else:
        azure.answers(json_answer(body=failed), json_answer(body=done))
    await (await client.post("/v1/responses", json=STREAMED | {"stream": stream}, headers=BEARER)).read()
    line = read_request_line(capsys)
    assert [made["status"] for made in line["attempts"]] == [502, 200]
    assert line["tokens"] == {"input": 103, "output": 21, "cached": 0, "reasoning": 5, "estimated": False}


async def test_what_a_stream_has_reported_before_its_error_is_billed(
    client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = {"input_tokens": 100, "output_tokens": 20}
    event = {"type": "response.failed", "response": {"error": {"code": "server_error"}, "usage": usage}}
    azure.answers(stream_answer(CREATED, DELTA, f"data: {json.dumps(event)}\n\n"))
    await (await client.post("/v1/responses", json=STREAMED, headers=BEARER)).read()
    tokens = read_request_line(capsys)["tokens"]
    assert tokens == {"input": 100, "output": 20, "cached": 0, "reasoning": 0, "estimated": False}


async def test_the_log_has_the_tokens_of_a_stream(
    client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = {"input_tokens": 9, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 2}}
    event = {"type": "response.completed", "response": {"id": "resp_1", "usage": usage}}
    azure.answers(stream_answer(CREATED, DELTA, f"data: {json.dumps(event)}\n\n"))
    await (await client.post("/v1/responses", json=STREAMED, headers=BEARER)).read()
    line = read_request_line(capsys)
    assert line["tokens"] == {"input": 9, "output": 5, "cached": 0, "reasoning": 2, "estimated": False}
    assert line["region"] == "first"


@pytest.mark.parametrize(
    ("failed", "error", "opens"),
    [
        ('data: {"type":"response.failed","response":{"error":{"code":"invalid_prompt"}}}\n\n', "refused", False),
        ('event: error\ndata: {"type":"error","error":{"code":"server_error"}}\n\n', "interrupted", True),
    ],
)
async def test_an_error_after_the_first_event_is_shown_as_azure_sent_it(
    client: Client,
    azure: FakeUpstream,
    failed: str,
    error: str,
    *,
    opens: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    azure.answers(stream_answer(CREATED, DELTA, failed))
    response = await client.post("/v1/responses", json=STREAMED, headers=BEARER)
    assert await response.text() == CREATED + DELTA + failed
    lines = read_log(capsys)
    assert lines[-1]["error"] == f"upstream_{error}"
    assert [line["event"] for line in lines[:-1]] == ["breaker_opened"] * opens


async def test_an_error_that_is_not_retryable_is_passed_on(client: Client, azure: FakeUpstream) -> None:
    failed = 'data: {"type":"response.failed","response":{"error":{"code":"invalid_prompt"}}}\n\n'
    azure.answers(stream_answer(CREATED, failed))
    response = await client.post("/v1/responses", json=STREAMED, headers=BEARER)
    assert await response.text() == CREATED + failed
    assert len(azure.requests) == 1


async def test_a_client_that_leaves_takes_the_upstream_call_with_it(
    client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = asyncio.Event()
    parts: list[str | float | None] = [DELTA, 0.02]

    async def endless(request: Any) -> Any:  # noqa: ANN401
        try:
            return await stream_answer(*parts * 200)(request)
        finally:
            gone.set()

    azure.answers(endless)
    response = await client.post("/v1/responses", json=STREAMED, headers=BEARER)
    await response.content.readany()
    response.close()
    await asyncio.wait_for(gone.wait(), timeout=30)
    assert (read_request_line(capsys))["error"] == "client_closed"
    assert "Traceback" not in capsys.readouterr().err


class Upstream:
    """A response whose chunks are available at once."""

    def __init__(self, *chunks: str) -> None:
        self._chunks = [chunk.encode() for chunk in chunks]
        self.content = self
        self.closed = False

    async def iter_any(self) -> AsyncIterator[bytes]:
        """Yield what there is."""
        while self._chunks:
            yield self._chunks.pop(0)

    async def readany(self) -> bytes:
        """Return the next of it."""
        return self._chunks.pop(0) if self._chunks else b""

    def close(self) -> None:
        """Take note."""
        self.closed = True


def stream_of(upstream: Upstream, **options: Any) -> UpstreamStream:  # noqa: ANN401
    request = build_request({}, surface=Surface.RESPONSES, stream=True)
    defaults: dict[str, Any] = {"on_event": lambda _: None, "on_end": lambda _: None, "fix": NO_FIX, "idle_s": 0.02}
    return UpstreamStream(http_response=upstream, request=request, **{**defaults, **options})  # type: ignore[arg-type]


async def test_a_client_that_reads_slowly_is_not_a_silence_of_the_upstream() -> None:
    upstream = Upstream(DELTA, DELTA, COMPLETED)
    stream = stream_of(upstream)
    read = b""
    async for part in stream.read_rest(await stream.read_beginning()):
        read += part
        await asyncio.sleep(0.06)
    assert read.decode() == DELTA + DELTA + COMPLETED
    assert not upstream.closed
    stream.close()
    assert upstream.closed


async def test_a_client_that_left_before_the_first_byte_closes_the_connection_too() -> None:
    upstream = Upstream(DELTA)
    stream = stream_of(upstream)
    await stream.read_beginning()
    stream.close()
    assert upstream.closed


async def test_on_end_is_called_once() -> None:
    ends: list[RetryableError | None] = []
    for chunks in ((DELTA, COMPLETED), (DELTA,)):
        stream = stream_of(Upstream(*chunks), on_end=ends.append)
        assert [part async for part in stream.read_rest(await stream.read_beginning())]
        stream.close()
    whole, cut = ends
    assert whole is None
    assert cut
    assert (cut.status, cut.reason) == (502, "ended early")


async def test_a_fix_may_drop_an_event() -> None:
    class WithoutDeltas(ResponseFix):
        def fix_event(self, event: Event) -> bytes:
            return b"" if b"delta" in event.raw else event.raw

    stream = stream_of(Upstream(DELTA, DELTA, COMPLETED), fix=WithoutDeltas(lambda fields: fields))
    assert [part async for part in stream.read_rest(await stream.read_beginning())] == [COMPLETED.encode()]
    stream.close()

"""LiteLLM gets the deltas of a stream as fast as it returns their text; what it cannot take yet is merged."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.runtime.context import InnerCalls, Response, now
from gateway.runtime.litellm.pacing import pace
from gateway.runtime.upstream.server_sent_events import EventReader
from tests.virtual_time import run

pytestmark = pytest.mark.anyio

TEXT, REFUSAL = "response.output_text.delta", "response.refusal.delta"
ARGUMENTS, REASONING = "response.function_call_arguments.delta", "response.reasoning_summary_text.delta"
KINDS = (TEXT, REFUSAL, ARGUMENTS, REASONING)
SLOW_S = 0.005
"""A delta that LiteLLM returns after this time does not mean that it is behind."""


def sse(kind: str, number: int, **fields: object) -> bytes:
    """An event as Azure writes it: with blanks, which a merged event has not."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **fields})}\n\n".encode()


def delta(number: int, text: str, *, kind: str = TEXT, item: str = "a", **fields: object) -> bytes:
    return sse(kind, number, item_id=item, output_index=0, content_index=0, delta=text, **fields)


CREATED = sse("response.created", 0, response={})
DONE = sse("response.output_text.done", 98, text="")
COMPLETED = sse("response.completed", 99, response={"usage": {}})


class Azure:
    """Its stream: yields parts of bytes, waits for numbers of seconds, raises errors."""

    def __init__(self, *parts: bytes | float | Exception) -> None:
        self._parts = parts
        self.sent = 0
        self.is_closed = False

    async def body(self) -> AsyncIterator[bytes]:
        try:
            for part in self._parts:
                if isinstance(part, Exception):
                    raise part
                if isinstance(part, bytes):
                    self.sent += 1
                    yield part
                else:
                    await asyncio.sleep(part)
        except (asyncio.CancelledError, GeneratorExit):
            self.is_closed = True
            raise


class LiteLLM:
    """Reads the paced stream and returns each text after `seconds`, as chat completions if it does not `stop`."""

    def __init__(
        self, azure: Azure, *, seconds: float = 0.0, returned: Sequence[str] = KINDS, inner: InnerCalls | None = None
    ) -> None:
        self.inner = inner or InnerCalls()
        self.received: list[bytes] = []
        self.times: list[float] = []
        self.seconds = seconds
        self._returned = returned
        self.lost = 0
        """How many characters of the next delta it loses."""
        self.response = pace(Response(status=200, body=azure.body()), self.inner)
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def read(self) -> bytes:
        """Translate until the stream ends; return all that was fed."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._translate())
            try:
                assert not isinstance(self.response.body, bytes)
                async for part in self.response.body:
                    for event in EventReader().feed(part):
                        self.received.append(event.raw)
                        self.times.append(now())
                    self._queue.put_nowait(part)
            finally:
                self._queue.put_nowait(None)
        return b"".join(self.received)

    async def _translate(self) -> None:
        reader = EventReader()
        while part := await self._queue.get():
            for event in reader.feed(part):
                if isinstance(event.data, dict) and event.data["type"] in self._returned:
                    await asyncio.sleep(self.seconds)
                    if self.lost:
                        event.data["delta"], self.lost = event.data["delta"][self.lost :], 0
                    self.inner.backlog.remove(chat_chunk(event.data))


def chat_chunk(data: dict[str, Any]) -> dict[str, object]:
    """What LiteLLM makes of a delta."""
    fields: dict[str, dict[str, object]] = {
        TEXT: {"content": data["delta"]},
        REFUSAL: {"refusal": data["delta"]},
        ARGUMENTS: {"tool_calls": [{"index": 0, "function": {"arguments": data["delta"]}}]},
        REASONING: {"content": None, "reasoning_content": data["delta"]},
    }
    return {"choices": [{"index": 0, "delta": fields[data["type"]]}]}


def parse(stream: bytes) -> list[dict[str, Any]]:
    return [event.data for event in EventReader().feed(stream) if isinstance(event.data, dict)]


def texts(stream: bytes) -> dict[object, str]:
    """The text of each item, put together."""
    found: dict[object, str] = {}
    for data in parse(stream):
        if "delta" in data:
            key = (data["type"], data["item_id"], data["output_index"], data["content_index"])
            found[key] = found.get(key, "") + data["delta"]
    return found


async def test_every_event_passes_as_it_came_while_litellm_keeps_up() -> None:
    parts = [CREATED, *(delta(number, "ab") for number in range(1, 50)), DONE, COMPLETED]
    litellm = LiteLLM(Azure(*(part for each in parts for part in (each, 0.016))), seconds=SLOW_S)
    assert await litellm.read() == b"".join(parts)
    assert litellm.received == parts
    assert litellm.inner.merged_events == 0


async def test_nothing_is_held_back_while_litellm_keeps_up() -> None:
    litellm = LiteLLM(Azure(*(part for number in range(9) for part in (delta(number, "a"), 0.016))), seconds=SLOW_S)
    await litellm.read()
    assert litellm.times == pytest.approx([0.016 * number for number in range(9)])


async def test_two_deltas_at_once_pass_as_they_came_after_many_others() -> None:
    singles = [part for number in range(20) for part in (delta(number, "a"), 0.016)]
    both = delta(20, "b") + delta(21, "c")
    litellm = LiteLLM(Azure(*singles, both, 0.1), seconds=SLOW_S)
    assert (await litellm.read()).endswith(both)
    assert litellm.inner.merged_events == 0


async def test_any_number_of_events_that_are_no_deltas_pass() -> None:
    parts = [sse("response.output_item.done", number, item="x" * 1000) for number in range(100)]
    litellm = LiteLLM(Azure(*(part for each in parts for part in (each, 0.001))))
    async with asyncio.timeout(60):
        assert await litellm.read() == b"".join(parts)


async def test_a_second_call_does_not_wait_for_what_the_first_one_left() -> None:
    first = LiteLLM(Azure(delta(1, "x"), delta(2, "x"), 0.1), returned=[])
    await first.read()
    second = LiteLLM(Azure(delta(1, "y"), 1.0), inner=first.inner)
    started = now()
    await second.read()
    assert second.times == [started]


@pytest.mark.parametrize("kind", KINDS)
async def test_deltas_are_merged_while_litellm_is_behind(kind: str) -> None:
    parts = [delta(number, f"{number};", kind=kind) for number in range(60)]
    litellm = LiteLLM(Azure(*(part for each in parts for part in (each, 0.016))), seconds=0.1)
    stream = await litellm.read()
    assert texts(stream) == texts(b"".join(parts))
    events = parse(stream)
    assert 4 < len(events) < 15
    assert litellm.inner.merged_events == 60 - len(events)


async def test_a_merged_delta_has_the_fields_and_the_number_of_the_last() -> None:
    parts = [delta(number, f"{number}é", logprobs=[], obfuscation="x" * number) for number in range(6)]
    stream = await LiteLLM(Azure(b"".join(parts), 1.0), seconds=0.1).read()
    assert stream.startswith(parts[0] + parts[1])
    merged = parse(stream)[2]
    assert merged == parse(parts[5])[0] | {"delta": "2é3é4é5é"}
    assert f"event: {TEXT}\n".encode() in stream.removeprefix(parts[0] + parts[1])


@pytest.mark.parametrize(
    "other",
    [
        delta(5, "y", item="b"),
        delta(5, "y", kind=REFUSAL),
        delta(5, "y", logprobs=[{"token": "y", "logprob": -0.1}]),
        sse(TEXT, 5, item_id="a", output_index=1, content_index=0, delta="y"),
        sse(TEXT, 5, item_id="a", output_index=0, content_index=1, delta="y"),
        sse(TEXT, 5, item_id="a", output_index=0, content_index=0, delta=None),
        sse("response.audio.delta", 5, delta="eA=="),
        sse("response.output_text.done", 5, item_id="a", text="x"),
        b": a comment\n\n",
        b"data: [DONE]\n\n",
    ],
)
async def test_what_is_no_delta_of_the_same_item_is_kept_in_its_place(other: bytes) -> None:
    azure = Azure(delta(1, "x"), delta(2, "x"), delta(3, "x"), delta(4, "x"), other, delta(6, "z"), delta(7, "z"), 2.0)
    stream = await LiteLLM(azure, seconds=0.1).read()
    assert stream.count(other) == 1
    before, after = stream.split(other)
    assert [data["delta"] for data in parse(before)] == ["x", "x", "xx"]
    assert [data["delta"] for data in parse(after)] == ["zz"]


async def test_what_is_no_delta_passes_at_once_if_no_delta_is_before_it() -> None:
    litellm = LiteLLM(Azure(delta(1, "x"), delta(2, "x"), DONE, 3.0, COMPLETED), seconds=1.0)
    await litellm.read()
    assert litellm.received == [delta(1, "x"), delta(2, "x"), DONE, COMPLETED]
    assert litellm.times == pytest.approx([0.0, 0.0, 0.0, 3.0])


async def test_a_stream_that_has_ended_is_fed_at_once() -> None:
    litellm = LiteLLM(Azure(*(delta(number, "x") for number in range(9)), DONE, COMPLETED), seconds=9.0)
    stream = await litellm.read()
    assert litellm.times[-1] == 0.0
    assert texts(stream) == {(TEXT, "a", 0, 0): "x" * 9}
    assert stream.endswith(DONE + COMPLETED)


async def test_litellm_gets_time_for_others_when_it_is_behind() -> None:
    litellm = LiteLLM(Azure(*(part for number in range(99) for part in (delta(number, "x"), 0.01))), seconds=0.04)
    await litellm.read()
    pauses = [later - earlier for earlier, later in pairwise(litellm.times[2:-1])]
    assert min(pauses) == pytest.approx(0.04 + 0.03)


async def test_a_pause_is_short_after_a_long_hang() -> None:
    azure = Azure(delta(1, "x"), delta(2, "x"), delta(3, "x"), 20.0)
    litellm = LiteLLM(azure, seconds=0.4)
    await litellm.read()
    assert litellm.times[-1] == pytest.approx(0.8 + 0.1)


async def test_text_that_never_comes_back_delays_the_next_for_a_second() -> None:
    azure = Azure(*(delta(number, "x", kind=REFUSAL) for number in range(4)), 5.0, delta(9, "y"), COMPLETED)
    litellm = LiteLLM(azure, returned=[TEXT])
    stream = await litellm.read()
    assert [data["delta"] for data in parse(stream)[:-1]] == ["x", "x", "xx", "y"]
    assert litellm.times == pytest.approx([0.0, 0.0, 1.0, 5.0, 5.0])


async def test_returned_text_shows_that_what_was_fed_before_it_is_translated() -> None:
    azure = Azure(delta(0, "dropped", kind=REFUSAL), *(part for n in range(1, 9) for part in (0.1, delta(n, "x"))), 0.1)
    litellm = LiteLLM(azure, returned=[TEXT])
    await litellm.read()
    assert len(litellm.inner.backlog) == 0
    assert litellm.inner.merged_events == 0


async def test_text_that_is_lost_delays_one_delta_alone() -> None:
    litellm = LiteLLM(Azure(*(part for n in range(60) for part in (delta(n, f"text {n}"), 0.016))), seconds=SLOW_S)
    litellm.lost = 1
    await litellm.read()
    assert litellm.inner.merged_events < 3


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"choices": None},
        {"choices": [None, {"delta": None}, {"delta": {"content": None, "tool_calls": [None, {"function": "x"}]}}]},
        {"type": "response.output_text.delta", "delta": 7},
        {"type": ["x"], "delta": "x"},
        {"choices": [{"delta": {"content": "much more than was fed"}}]},
    ],
)
async def test_events_of_any_form_may_come_back(odd: dict[str, object]) -> None:
    inner = InnerCalls()
    inner.backlog.remove(odd)
    inner.backlog.add(TEXT, "four")
    inner.backlog.remove({"type": TEXT, "delta": "fou"})
    assert len(inner.backlog) == 1
    inner.backlog.remove({"type": TEXT, "delta": "r"})
    assert len(inner.backlog) == 0


async def test_azure_waits_for_a_client_that_does_not_read() -> None:
    azure = Azure(*(delta(number, "x" * 1000) for number in range(1000)))
    litellm = LiteLLM(azure, seconds=3600)
    reading = asyncio.create_task(litellm.read())
    await asyncio.sleep(0.5)
    assert 60 < azure.sent < 80
    litellm.seconds = 0
    litellm.inner.backlog.remove({"type": TEXT, "delta": "x" * 2000})
    await asyncio.sleep(0.5)
    assert azure.sent > 100
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading


async def test_all_text_arrives_after_azure_has_waited() -> None:
    parts = [delta(number, f"{number:0999};") for number in range(300)]
    litellm = LiteLLM(Azure(*parts), seconds=0.5)
    stream = await litellm.read()
    assert texts(stream) == texts(b"".join(parts))
    assert litellm.inner.merged_events > 200


async def test_an_error_of_the_body_comes_after_what_was_read() -> None:
    azure = Azure(delta(1, "x"), delta(2, "x"), delta(3, "x"), 0.1, RuntimeError("broken"))
    litellm = LiteLLM(azure, seconds=0.5)
    with pytest.raises(ExceptionGroup) as raised:
        await litellm.read()
    assert raised.group_contains(RuntimeError, match="broken")
    assert texts(b"".join(litellm.received)) == {(TEXT, "a", 0, 0): "xxx"}


async def test_closing_ends_the_reading_and_the_response() -> None:
    closed: list[str] = []
    azure = Azure(delta(1, "x"), 3600.0)
    response = pace(Response(status=200, body=azure.body(), close=lambda: closed.append("azure")), InnerCalls())
    assert not isinstance(response.body, bytes)
    assert await anext(aiter(response.body)) == delta(1, "x")
    response.close()
    await asyncio.sleep(0)
    assert azure.is_closed
    assert closed == ["azure"]


async def test_a_whole_answer_is_not_touched() -> None:
    response = Response(status=200, body=b"{}")
    assert pace(response, InnerCalls()) is response


async def test_a_chat_stream_passes_as_it_came() -> None:
    parts = [f'data: {{"choices":[{{"delta":{{"content":"{n}"}}}}]}}\n\n'.encode() for n in range(20)]
    response = pace(Response(status=200, body=Azure(*parts, b"data: [DONE]\n\n").body()), InnerCalls())
    assert not isinstance(response.body, bytes)
    assert b"".join([part async for part in response.body]) == b"".join(parts) + b"data: [DONE]\n\n"


EVENTS = st.one_of(
    st.tuples(st.sampled_from(KINDS), st.sampled_from("ab"), st.text(max_size=4)),
    st.just(("response.output_item.done", "a", "")),
)


@given(
    events=st.lists(st.tuples(EVENTS, st.sampled_from([0.0, 0.001, 0.02, 0.3])), max_size=40),
    seconds=st.sampled_from([0.0, 0.004, 0.03, 0.5]),
    returned=st.sets(st.sampled_from(KINDS)),
)
def test_every_text_arrives_in_order_whatever_the_timing(
    events: list[tuple[tuple[str, str, str], float]], seconds: float, returned: set[str]
) -> None:
    parts: list[bytes | float] = []
    for number, ((kind, item, text), pause_s) in enumerate(events):
        parts += [delta(number, text, kind=kind, item=item) if kind in KINDS else sse(kind, number), pause_s]
    sent = b"".join(part for part in parts if isinstance(part, bytes))

    async def read() -> bytes:
        return await LiteLLM(Azure(*parts), seconds=seconds, returned=sorted(returned)).read()

    stream = run(read())
    assert texts(stream) == texts(sent)
    assert [data for data in parse(stream) if "delta" not in data] == [d for d in parse(sent) if "delta" not in d]
    numbers = [data["sequence_number"] for data in parse(stream)]
    assert numbers == sorted(set(numbers))
    order = [(data["type"], data.get("item_id")) for data in parse(stream)]
    expected = [(data["type"], data.get("item_id")) for data in parse(sent)]
    assert _without_repeats(order) == _without_repeats(expected)


def _without_repeats(values: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    return [value for number, value in enumerate(values) if number == 0 or values[number - 1] != value]

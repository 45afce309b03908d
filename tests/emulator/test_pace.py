"""`pace N` in the prompt: a stream whose events have their times, as a model that writes N tokens a second."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.types import Message, Scope

from local.emulator import chat
from local.emulator.answers import Answer
from local.emulator.faults import Fault
from local.emulator.faulty_response import FaultyResponse
from local.emulator.request_log import RequestLog
from local.emulator.response_store import ResponseStore
from local.emulator.responses import Responses
from tests import virtual_time
from tests.emulator.process import CODEX

_PROMPT = "count to 6 pace 4"
_SCOPE: Scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}


def _times(answer: Answer, *, fault: Fault | None = None, read_s: Sequence[float] = ()) -> list[float]:
    """When each event is sent to a client that takes these times to read one."""
    times: list[float] = []
    reads = iter(read_s)

    async def send(message: Message) -> None:
        if message.get("body"):
            times.append(asyncio.get_running_loop().time())
            await asyncio.sleep(next(reads, 0.0))

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    record = RequestLog().add(scope=_SCOPE, body=b"")
    virtual_time.run(FaultyResponse(answer, fault=fault, record=record)(_SCOPE, receive, send))
    return times


def _response(prompt: str = _PROMPT) -> Answer:
    responses = Responses(region="local", store=ResponseStore())
    return responses.answer({"model": CODEX, "input": prompt, "stream": True})


def test_a_paced_stream_begins_at_once_and_then_sends_so_many_events_a_second() -> None:
    times = _times(_response())
    assert times == [0.0, 0.0, *(number / 4 for number in range(len(times) - 2))]
    assert len(times) == 14


def test_a_chat_can_be_paced_too() -> None:
    body = {"messages": [{"role": "user", "content": _PROMPT}], "stream": True}
    times = _times(chat.answer(body, deployment="d", region="local"))
    assert times[:5] == [0.0, 0.0, 0.0, 0.25, 0.5]


@pytest.mark.parametrize("prompt", ["count to 6", "count to 6 pace 0"])
def test_without_a_pace_nothing_waits(prompt: str) -> None:
    assert set(_times(_response(prompt))) == {0.0}


def test_a_client_that_reads_late_gets_what_has_become_due_at_once() -> None:
    times = _times(_response(), read_s=[0.0, 0.0, 1.1])
    assert times[2:8] == [0.0, 1.1, 1.1, 1.1, 1.1, 1.25]


def test_a_stall_moves_all_that_follows() -> None:
    times = _times(_response(), fault=Fault(fault="stall_mid_stream", after_events=4, delay_s=10))
    assert times[2:6] == [0.0, 0.25, 10.5, 10.75]

"""Faults of answers: late, incomplete, malformed or none at all."""

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from openai import APIError
from starlette.types import Message, Scope

from local.emulator.faults import Fault
from local.emulator.faulty_response import FaultyResponse
from local.emulator.request_log import RequestLog
from local.emulator.response_store import ResponseStore
from local.emulator.responses import Responses
from tests import virtual_time
from tests.emulator.process import CHAT_PATH, CODEX, EMBEDDINGS_PATH, RESPONSES_PATH, Emulator

_BODY: dict[str, Any] = {"model": CODEX, "input": "count to 20"}
_EMBEDDING_BODY = {"input": "hi"}
_WAIT_S = 59.0
"""So long a client waits for an event that does not come, in virtual time."""
_STREAM = {**_BODY, "stream": True}
_CHAT_BODY: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "stream": True}


def _lines(
    emulator: Emulator, *, path: str = RESPONSES_PATH, body: dict[str, Any] = _STREAM
) -> tuple[list[str], Exception | None]:
    """The event lines of a stream, and how it broke."""
    lines: list[str] = []
    try:
        with emulator.http.stream("POST", path, json=body) as answer:
            assert answer.status_code == 200
            lines.extend(line for line in answer.iter_lines() if line)
    except httpx.TransportError as error:
        return lines, error
    return lines, None


def _sent_until_the_client_leaves(fault: Fault, *, stream: bool = True) -> list[Message]:
    """What is sent to a client that waits for `_WAIT_S`; that it left is noted."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.sleep(_WAIT_S)
        return {"type": "http.disconnect"}

    scope: Scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    record = RequestLog().add(scope=scope, body=b"")
    answer = Responses(region="local", store=ResponseStore()).answer({**_BODY, "stream": stream})
    virtual_time.run(FaultyResponse(answer, fault=fault, record=record)(scope, receive, send))
    assert record.status == "client_gone"
    return sent


@pytest.mark.parametrize("stream", [False, True])
def test_a_hang_before_the_first_event_has_sent_headers(*, stream: bool) -> None:
    (head,) = _sent_until_the_client_leaves(Fault(fault="hang_before_first_event"), stream=stream)
    assert (head["type"], head["status"]) == ("http.response.start", 200)


@pytest.mark.parametrize(("after_events", "expected"), [(None, 2), (0, 0), (4, 4)])
def test_the_first_token_may_be_slow(after_events: int | None, expected: int) -> None:
    fault = Fault(fault="slow_first_token", delay_s=_WAIT_S + 1, after_events=after_events)
    _, *events = _sent_until_the_client_leaves(fault)
    assert len(events) == expected


def test_the_rest_follows_a_slow_first_token(emulator: Emulator) -> None:
    emulator.fail("slow_first_token", delay_s=0.2)
    started = time.monotonic()
    lines, broken = _lines(emulator)
    assert time.monotonic() - started >= 0.2
    assert broken is None
    assert lines[-2] == "event: response.completed"


def test_a_whole_answer_may_be_slow(emulator: Emulator) -> None:
    emulator.fail("slow_first_token", delay_s=0.2)
    assert emulator.http.post(RESPONSES_PATH, json=_BODY).elapsed.total_seconds() >= 0.2


@pytest.mark.parametrize(("after_events", "expected"), [(0, 0), (None, 4), (7, 7), (1000, 28)])
def test_a_stream_is_cut_after_some_events(emulator: Emulator, after_events: int | None, expected: int) -> None:
    """The whole stream has 28 events: a cut that comes later leaves out its proper end."""
    emulator.fail("cut_mid_stream", after_events=after_events)
    lines, broken = _lines(emulator)
    assert sum(line.startswith("event:") for line in lines) == expected
    assert isinstance(broken, httpx.RemoteProtocolError)
    assert emulator.requests()[-1]["status"] == 200


@pytest.mark.parametrize("after_events", [3, 1000])
def test_a_stream_stalls_until_the_client_leaves(after_events: int) -> None:
    _, *events = _sent_until_the_client_leaves(Fault(fault="stall_mid_stream", after_events=after_events))
    assert len(events) == min(after_events, 28)


def test_a_stall_may_end(emulator: Emulator) -> None:
    emulator.fail("stall_mid_stream", delay_s=0.1)
    lines, broken = _lines(emulator)
    assert broken is None
    assert lines[-2] == "event: response.completed"


@pytest.mark.parametrize("after_events", [0, 5])
def test_an_error_event_is_nested_as_azure_sends_it(emulator: Emulator, after_events: int) -> None:
    emulator.fail("error_event", after_events=after_events)
    lines, broken = _lines(emulator)
    assert broken is None
    assert len(lines) == 2 * (after_events + 1)
    assert lines[-2] == "event: error"
    event = json.loads(lines[-1].removeprefix("data: "))
    assert event["sequence_number"] == after_events
    assert event["error"]["code"] == "server_error"


def test_the_sdk_raises_an_error_event(emulator: Emulator) -> None:
    emulator.fail("error_event", after_events=3)
    with pytest.raises(APIError, match="The server had an error"):
        list(emulator.responses.responses.create(model=CODEX, input="hi", stream=True))


def test_an_error_in_a_chat_stream_has_no_name(emulator: Emulator) -> None:
    emulator.fail("error_event", after_events=2)
    lines, _ = _lines(emulator, path=CHAT_PATH, body=_CHAT_BODY)
    assert len(lines) == 3
    assert json.loads(lines[-1].removeprefix("data: "))["error"]["type"] == "server_error"


def test_a_whole_answer_has_no_events_and_fails(emulator: Emulator) -> None:
    emulator.fail("error_event")
    assert emulator.http.post(EMBEDDINGS_PATH, json=_EMBEDDING_BODY).status_code == 500


def test_malformed_json_comes_with_200(emulator: Emulator) -> None:
    emulator.fail("malformed_json")
    answer = emulator.http.post(RESPONSES_PATH, json=_BODY)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()


@pytest.mark.parametrize("after_events", [0, 3, 1000])
def test_a_stream_breaks_inside_an_event(emulator: Emulator, after_events: int) -> None:
    emulator.fail("malformed_json", after_events=after_events)
    lines, broken = _lines(emulator)
    assert broken is None
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data:")]
    assert len(data) == min(after_events, 28) + 1
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(data[-1])


@pytest.mark.parametrize("stream", [False, True])
def test_a_page_instead_of_json(emulator: Emulator, *, stream: bool) -> None:
    emulator.fail("wrong_content_type")
    answer = emulator.http.post(RESPONSES_PATH, json={**_BODY, "stream": stream})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_client_that_leaves_a_stream_is_noted(emulator: Emulator) -> None:
    body = {**_BODY, "input": "count to 99999", "stream": True}
    with emulator.http.stream("POST", RESPONSES_PATH, json=body) as answer:
        next(answer.iter_raw())
    assert emulator.last_status(other_than=200) == "client_gone"

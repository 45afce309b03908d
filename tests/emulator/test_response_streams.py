"""Responses as streams, and responses that do not end well."""

import json
from typing import Any

import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from tests.emulator.process import CODEX, RESPONSES_PATH, Emulator


def test_a_stream_of_text_has_the_real_order(emulator: Emulator) -> None:
    events = emulator.events({"input": "echo: zwei Wörter"})
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(10))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "zwei Wörter"
    assert (events[0].response.status, events[0].response.output, events[0].response.usage) == ("in_progress", [], None)
    assert events[-1].response.output_text == "zwei Wörter"


def test_a_stream_on_the_wire_names_its_events_and_hides_their_length(client: TestClient) -> None:
    body = {"model": CODEX, "input": "echo: a long and a short word", "stream": True}
    answer = client.post(RESPONSES_PATH, json=body)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    frames = [frame.split("\n") for frame in answer.text.strip().split("\n\n")]
    adapter: TypeAdapter[object] = TypeAdapter(ResponseStreamEvent)
    for name, data in frames:
        event = json.loads(data.removeprefix("data: "))
        adapter.validate_python(event)
        assert name == f"event: {event['type']}"
        assert ("obfuscation" in event) == event["type"].endswith(".delta")
    plain = client.post(RESPONSES_PATH, json={**body, "stream_options": {"include_obfuscation": False}})
    assert "obfuscation" not in plain.text


def test_a_streamed_reasoning_item_comes_first_with_its_summary(emulator: Emulator) -> None:
    events = emulator.events({"input": "hi", "reasoning": {"effort": "high", "summary": "auto"}})
    kinds = [event.type for event in events]
    assert kinds[2:5] == [
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
    ]
    deltas = [event.delta for event in events if event.type == "response.reasoning_summary_text.delta"]
    reasoning = events[-1].response.output[0]
    assert reasoning.type == "reasoning"
    assert reasoning.encrypted_content is None
    assert "".join(deltas) == reasoning.summary[0].text
    assert events[-1].response.output[1].type == "message"


def test_a_detailed_summary_has_parts(emulator: Emulator) -> None:
    events = emulator.events({"input": "hi", "reasoning": {"summary": "detailed"}})
    parts = [event.summary_index for event in events if event.type == "response.reasoning_summary_part.done"]
    assert parts == [0, 1]
    assert len(events[-1].response.output[0].summary) == 2


def test_a_refusal_is_a_part_of_its_own(emulator: Emulator) -> None:
    events = emulator.events({"input": "please refuse"})
    (message,) = events[-1].response.output
    (part,) = message.content
    assert part.type == "refusal"
    assert "".join(event.delta for event in events if event.type == "response.refusal.delta") == part.refusal
    assert events[-1].response.output_text == ""


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_does_not_fit_is_incomplete(emulator: Emulator, *, stream: bool) -> None:
    body: dict[str, Any] = {"input": "count to 100", "max_output_tokens": 16}
    if stream:
        events = emulator.events(body)
        assert events[-1].type == "response.incomplete"
        response = events[-1].response
    else:
        response = emulator.responses.responses.create(model=CODEX, **body)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert response.output_text == " ".join(str(number) for number in range(1, 17))


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_can_fail_halfway(emulator: Emulator, *, stream: bool) -> None:
    if stream:
        event = emulator.events({"input": "then fail"})[-1]
        assert event.type == "response.failed"
        response = event.response
    else:
        response = emulator.responses.responses.create(model=CODEX, input="then fail")
    assert response.status == "failed"
    assert response.error is not None
    assert response.error.code == "server_error"

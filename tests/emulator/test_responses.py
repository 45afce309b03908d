"""Answers of POST /openai/responses, read by the `openai` package."""

import json
from typing import Any

import pytest
from openai.types.responses import FunctionToolParam, Response, ResponseStreamEvent
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from tests.emulator.process import CODEX, RESPONSES_PATH, Running

_PARAMETERS: dict[str, object] = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "mode": {"type": "string", "enum": ["r", "w"]},
        "kind": {"const": "file"},
        "lines": {"type": "array", "items": {"type": "integer"}},
        "deep": {"type": ["object", "null"], "properties": {"sure": {"type": "boolean"}}},
        "either": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "free": {"type": "object"},
        "unknown": {"$ref": "#/x"},
    },
}
_READ = FunctionToolParam(type="function", name="read", parameters=_PARAMETERS, strict=True)
_WRITE = FunctionToolParam(type="function", name="write", parameters=None, strict=False)
# Open Responses asks for these, the package's model does not know them.
_BEYOND_THE_PACKAGE = {"store", "presence_penalty", "frequency_penalty", "completed_at"}


def _events(emulator: Running, body: dict[str, Any]) -> list[Any]:
    return list(emulator.responses.responses.create(model=CODEX, stream=True, **body))


def _calls(response: Response) -> list[tuple[str, str]]:
    return [(item.name, item.arguments) for item in response.output if item.type == "function_call"]


def test_an_answer_has_every_field_of_the_schema(client: TestClient) -> None:
    answer = client.post(RESPONSES_PATH, json={"model": CODEX, "input": "hi"}).json()
    assert set(Response.model_fields) | _BEYOND_THE_PACKAGE <= set(answer)
    Response.model_validate(answer, strict=True)
    assert answer["status"] == "completed"
    assert answer["error"] is answer["incomplete_details"] is answer["moderation"] is None


def test_what_the_request_said_is_in_the_answer(client: TestClient) -> None:
    said = {
        "instructions": "be brief",
        "max_output_tokens": 128000,
        "metadata": {"a": "b"},
        "parallel_tool_calls": False,
        "prompt_cache_key": "key",
        "prompt_cache_retention": "24h",
        "safety_identifier": "me",
        "store": False,
        "tool_choice": "none",
        "truncation": "auto",
        "user": "me",
    }
    body = {"model": CODEX, "input": "hi", "text": {"verbosity": "low"}, **said}
    answer = client.post(RESPONSES_PATH, json=body).json()
    assert {name: answer[name] for name in said} == said
    assert answer["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert answer["reasoning"] == {"effort": "medium", "summary": None}


def test_usage_adds_up_and_counts_cached_and_reasoning_tokens(emulator: Running) -> None:
    response = emulator.responses.responses.create(
        model=CODEX, input="echo: one two " * 50, reasoning={"effort": "low"}
    )
    assert response.usage is not None
    assert response.usage.input_tokens_details.cached_tokens > 0
    assert response.usage.output_tokens_details.reasoning_tokens > 0
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


@pytest.mark.parametrize(
    "prompt",
    [
        "echo: a word",
        [{"role": "user", "content": "echo: a word"}],
        [
            {"role": "user", "content": "two calls"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "what?"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "echo: a word"}]},
        ],
    ],
)
def test_the_last_words_of_the_user_steer_the_answer(emulator: Running, prompt: str | list[Any]) -> None:
    assert emulator.responses.responses.create(model=CODEX, input=prompt).output_text == "a word"


def test_a_stream_of_text_has_the_real_order(emulator: Running) -> None:
    events = _events(emulator, {"input": "echo: zwei Wörter"})
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


def test_a_streamed_reasoning_item_comes_first_with_its_summary(emulator: Running) -> None:
    events = _events(emulator, {"input": "hi", "reasoning": {"effort": "high", "summary": "auto"}})
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


def test_parallel_calls_in_a_stream_are_told_apart_by_output_index(emulator: Running) -> None:
    events = _events(emulator, {"input": "two calls, and also say why", "tools": [_READ, _WRITE]})
    arguments: dict[int, str] = {}
    for event in events:
        if event.type == "response.function_call_arguments.delta":
            arguments[event.output_index] = arguments.get(event.output_index, "") + event.delta
    message, first, second = events[-1].response.output
    assert message.content[0].text == "Let me check."
    assert (first.name, second.name) == ("read", "write")
    assert arguments == {1: first.arguments, 2: second.arguments}
    assert first.call_id != second.call_id


def test_arguments_fit_the_schema_of_the_tool(emulator: Running) -> None:
    response = emulator.responses.responses.create(model=CODEX, input="please use tool", tools=[_READ, _WRITE])
    ((name, arguments),) = _calls(response)
    assert name == "read"
    assert json.loads(arguments) == {
        "path": "path é0",
        "mode": "r",
        "kind": "file",
        "lines": [0],
        "deep": {"sure": True},
        "either": 0,
        "free": {},
        "unknown": None,
    }


@pytest.mark.parametrize(
    ("body", "called"),
    [
        ({"input": "hi"}, []),
        ({"input": "hi", "tool_choice": "required"}, ["read"]),
        ({"input": "hi", "tool_choice": {"type": "function", "name": "write"}}, ["write"]),
        (
            {
                "input": "hi",
                "tool_choice": {
                    "type": "allowed_tools",
                    "mode": "required",
                    "tools": [{"type": "function", "name": "read"}],
                },
            },
            ["read"],
        ),
        ({"input": "use tool", "tool_choice": "none"}, []),
        ({"input": "two calls"}, ["read", "write"]),
        ({"input": "two calls", "parallel_tool_calls": False}, ["read"]),
        (
            {
                "input": [
                    {"role": "user", "content": "use tool"},
                    {"type": "function_call", "call_id": "c1", "name": "read", "arguments": "{}"},
                    {"type": "function_call_output", "call_id": "c1", "output": "done"},
                ]
            },
            [],
        ),
    ],
)
def test_when_functions_are_called(emulator: Running, body: dict[str, Any], called: list[str]) -> None:
    response = emulator.responses.responses.create(model=CODEX, tools=[_READ, _WRITE], **body)
    assert [name for name, _ in _calls(response)] == called
    assert bool(response.output_text) == (not called)


def test_hosted_tools_are_accepted_and_never_called(client: TestClient) -> None:
    tools = [{"type": "web_search"}]
    answer = client.post(RESPONSES_PATH, json={"model": CODEX, "input": "use tool", "tools": tools}).json()
    assert answer["tools"] == tools
    assert [item["type"] for item in answer["output"]] == ["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_does_not_fit_is_incomplete(emulator: Running, *, stream: bool) -> None:
    body: dict[str, Any] = {"input": "count to 100", "max_output_tokens": 16}
    if stream:
        events = _events(emulator, body)
        assert events[-1].type == "response.incomplete"
        response = events[-1].response
    else:
        response = emulator.responses.responses.create(model=CODEX, **body)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert response.output_text == " ".join(str(number) for number in range(1, 17))


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_can_fail_halfway(emulator: Running, *, stream: bool) -> None:
    if stream:
        event = _events(emulator, {"input": "then fail"})[-1]
        assert event.type == "response.failed"
        response = event.response
    else:
        response = emulator.responses.responses.create(model=CODEX, input="then fail")
    assert response.status == "failed"
    assert response.error is not None
    assert response.error.code == "server_error"


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        (
            {"type": "json_schema", "name": "x", "schema": {"properties": {"word": {"type": "string"}}}},
            {"word": "word é0"},
        ),
        ({"type": "json_object"}, {"answer": "answer é0"}),
    ],
)
def test_a_structured_answer_fits_its_schema(
    emulator: Running, format_: dict[str, Any], expected: dict[str, str]
) -> None:
    text: Any = {"format": format_}
    response = emulator.responses.responses.create(model=CODEX, input="hi", text=text)
    assert json.loads(response.output_text) == expected


def test_the_same_request_gets_the_same_text(emulator: Running) -> None:
    texts = {emulator.responses.responses.create(model=CODEX, input="hi").output_text for _ in range(2)}
    assert len(texts) == 1

"""Function calls of a response."""

import json
from typing import Any

import pytest
from openai.types.responses import FunctionToolParam, Response
from starlette.testclient import TestClient

from tests.emulator.process import CODEX, RESPONSES_PATH, Emulator

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
_READ = FunctionToolParam(type="function", name="read", parameters=_PARAMETERS, strict=False)
_WRITE = FunctionToolParam(type="function", name="write", parameters=None, strict=False)


def _calls(response: Response) -> list[tuple[str, str]]:
    return [(item.name, item.arguments) for item in response.output if item.type == "function_call"]


def test_parallel_calls_in_a_stream_are_told_apart_by_output_index(emulator: Emulator) -> None:
    events = emulator.events({"input": "two calls, and also say why", "tools": [_READ, _WRITE]})
    arguments: dict[int, str] = {}
    for event in events:
        if event.type == "response.function_call_arguments.delta":
            arguments[event.output_index] = arguments.get(event.output_index, "") + event.delta
    message, first, second = events[-1].response.output
    assert message.content[0].text == "Let me check."
    assert (first.name, second.name) == ("read", "write")
    assert arguments == {1: first.arguments, 2: second.arguments}
    assert first.call_id != second.call_id


def test_arguments_fit_the_schema_of_the_tool(emulator: Emulator) -> None:
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
def test_when_functions_are_called(emulator: Emulator, body: dict[str, Any], called: list[str]) -> None:
    response = emulator.responses.responses.create(model=CODEX, tools=[_READ, _WRITE], **body)
    assert [name for name, _ in _calls(response)] == called
    assert bool(response.output_text) == (not called)


def test_hosted_tools_are_accepted_and_never_called(client: TestClient) -> None:
    tools = [{"type": "web_search"}]
    answer = client.post(RESPONSES_PATH, json={"model": CODEX, "input": "use tool", "tools": tools}).json()
    assert answer["tools"] == tools
    assert [item["type"] for item in answer["output"]] == ["message"]


def test_a_function_can_be_called_by_name_with_arguments(client: TestClient) -> None:
    prompt = 'Please call write with {"path": "a b", "deep": {"x": [1]}} and then repeat the result.'
    body: dict[str, Any] = {"model": CODEX, "input": prompt, "tools": [_READ, _WRITE]}
    (call,) = client.post(RESPONSES_PATH, json=body).json()["output"]
    assert (call["name"], json.loads(call["arguments"])) == ("write", {"path": "a b", "deep": {"x": [1]}})
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "it is written"}
    turn = [{"role": "user", "content": prompt}, call, output]
    (message,) = client.post(RESPONSES_PATH, json={**body, "input": turn}).json()["output"]
    assert message["content"][0]["text"] == "it is written"


def test_a_function_of_a_namespace_is_called_with_its_namespace(client: TestClient) -> None:
    namespace = {"type": "namespace", "name": "crm", "description": "Customers", "tools": [_WRITE]}
    body = {"model": CODEX, "input": "use tool", "tools": [namespace]}
    answer = client.post(RESPONSES_PATH, json=body).json()
    (call,) = answer["output"]
    assert (call["namespace"], call["name"]) == ("crm", "write")
    assert answer["tools"][0]["tools"] == [{"description": None, **_WRITE}]


@pytest.mark.parametrize("choice", ["required", {"type": "custom", "name": "shell"}])
def test_a_custom_tool_gets_text(emulator: Emulator, choice: object) -> None:
    tools: Any = [{"type": "custom", "name": "shell"}]
    events = emulator.events({"input": "hi", "tools": tools, "tool_choice": choice})
    (call,) = events[-1].response.output
    assert (call.type, call.name, call.input) == ("custom_tool_call", "shell", "input é0")
    deltas = [event.delta for event in events if event.type == "response.custom_tool_call_input.delta"]
    assert "".join(deltas) == call.input
    result = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "done"}
    messages: Any = [{"role": "user", "content": "use tool, repeat the result"}, call.model_dump(), result]
    answer = emulator.responses.responses.create(model=CODEX, input=messages, tools=tools)
    assert answer.output_text == "done"

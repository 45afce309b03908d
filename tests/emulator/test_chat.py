"""Chat completions of a chat model."""

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from starlette.testclient import TestClient

from tests.emulator.process import CHAT, CHAT_PATH, Emulator

_PARAMETERS = {"type": "object", "properties": {"path": {"type": "string"}}}
_TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "read", "parameters": _PARAMETERS}},
    {"type": "function", "function": {"name": "write"}},
]


def _body(content: object, **fields: object) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}], **fields}


def _chunks(emulator: Emulator, body: dict[str, Any]) -> list[ChatCompletionChunk]:
    return list(emulator.chat.chat.completions.create(model=CHAT, stream=True, **body))


def test_a_plain_completion_fits_the_schema(client: TestClient) -> None:
    body = _body([{"type": "text", "text": "echo: hello there"}], temperature=0, max_tokens=50)
    answer = client.post(CHAT_PATH, json=body).json()
    completion = ChatCompletion.model_validate(answer, strict=True)
    (choice,) = completion.choices
    assert (choice.message.content, choice.finish_reason) == ("hello there", "stop")
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    assert answer["choices"][0]["content_filter_results"]["hate"] == {
        "filtered": False,
        "severity": "safe",
    }


def test_a_stream_begins_with_the_prompt_filter_and_ends_with_usage(emulator: Emulator) -> None:
    chunks = _chunks(emulator, _body("echo: hello there", stream_options={"include_usage": True}))
    first, *middle, last = chunks
    assert (first.id, first.model, first.choices) == ("", "", [])
    assert "prompt_filter_results" in first.model_extra  # type: ignore[operator]
    assert middle[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in middle) == "hello there"
    assert middle[-1].choices[0].finish_reason == "stop"
    assert len({chunk.id for chunk in (*middle, last)}) == 1
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.completion_tokens == 2


def test_a_stream_without_the_option_has_no_usage_and_ends_with_done(client: TestClient) -> None:
    text = client.post(CHAT_PATH, json=_body("hi", stream=True)).text
    assert text.endswith("data: [DONE]\n\n")
    assert '"usage"' not in text


def test_streamed_parallel_calls_have_an_index_each(emulator: Emulator) -> None:
    chunks = _chunks(emulator, _body("two calls", tools=_TOOLS))
    names: dict[int, str] = {}
    arguments: dict[int, str] = {}
    for chunk in chunks:
        for choice in chunk.choices:
            for call in choice.delta.tool_calls or []:
                assert call.function is not None
                if call.id:
                    names[call.index] = call.function.name or ""
                arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
    assert names == {0: "read", 1: "write"}
    assert json.loads(arguments[0]) == {"path": "path é0"}
    assert json.loads(arguments[1]) == {}
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("fields", "text", "called"),
    [
        ({"tools": _TOOLS}, True, []),
        ({"tools": _TOOLS, "tool_choice": "required"}, False, ["read"]),
        ({"tools": _TOOLS, "tool_choice": {"type": "function", "function": {"name": "write"}}}, False, ["write"]),
        ({"tools": _TOOLS, "tool_choice": "none"}, True, []),
    ],
)
def test_when_functions_are_called(
    client: TestClient, fields: dict[str, Any], *, text: bool, called: list[str]
) -> None:
    (choice,) = client.post(CHAT_PATH, json=_body("hi", **fields)).json()["choices"]
    assert [call["function"]["name"] for call in choice["message"].get("tool_calls", [])] == called
    assert (choice["message"]["content"] is not None) == text
    assert choice["finish_reason"] == ("tool_calls" if called else "stop")


def test_after_a_tool_s_result_comes_text(client: TestClient) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "read", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "use tool, also say why"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "done"},
    ]
    first = client.post(CHAT_PATH, json={"messages": messages[:1], "tools": _TOOLS}).json()["choices"][0]["message"]
    assert (first["content"], len(first["tool_calls"])) == ("Let me check.", 1)
    after = client.post(CHAT_PATH, json={"messages": messages, "tools": _TOOLS}).json()["choices"][0]["message"]
    assert "tool_calls" not in after


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_that_does_not_fit_ends_with_length(client: TestClient, name: str) -> None:
    (choice,) = client.post(CHAT_PATH, json=_body("count to 9", **{name: 3})).json()["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("1 2 3", "length")


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        ({"type": "json_object"}, {}),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": _PARAMETERS}}, {"path": "path é0"}),
    ],
)
def test_a_structured_answer_fits_its_schema(client: TestClient, format_: object, expected: object) -> None:
    (choice,) = client.post(CHAT_PATH, json=_body("hi", response_format=format_)).json()["choices"]
    assert json.loads(choice["message"]["content"]) == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing required parameter: 'messages'."),
        ({"messages": []}, "non-empty array"),
        ({"messages": "hi"}, "non-empty array"),
        ({"messages": ["hi"]}, "Invalid type for 'messages[0]'"),
        ({"messages": [{"role": "robot", "content": ""}]}, "Invalid value: 'robot'."),
        ({"messages": [{"role": "user"}]}, "Invalid type for 'messages[0].content'"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "'messages[0].content[0].type'"),
        (
            {"messages": [{"role": "tool", "tool_call_id": "c", "content": ""}]},
            "a response to a preceeding message",
        ),
        (_body("hi", input="x"), "Unrecognized request argument supplied: input"),
        (_body("hi", stream_options={}), "only allowed when 'stream' is enabled"),
        (_body("hi", stream=True, stream_options="usage"), "Invalid type for 'stream_options'"),
        (
            _body("hi", stream=True, stream_options={"include_usage": 1}),
            "Invalid type for 'stream_options.include_usage'",
        ),
        (_body("hi", tool_choice="auto"), "only allowed when 'tools' are specified"),
        (_body("hi", tools={}), "Invalid type for 'tools'"),
        (_body("hi", tools=[{"type": "function", "name": "read"}]), "'tools[0].function.name'"),
        (_body("hi", max_tokens=0), "expected an integer >= 1, but got 0"),
        (_body("content filter"), "content management policy"),
    ],
)
def test_what_azure_refuses_is_refused(client: TestClient, body: dict[str, Any], message: str) -> None:
    answer = client.post(CHAT_PATH, json=body)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]

"""Chat completions on a codex model: translated to Responses by the real LiteLLM."""

import json
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionFunctionToolParam

from .azure_regions import EmulatorControl
from .conftest import Client
from .surfaces import CODEX, PARAMETERS, TRANSLATED_CHAT, TRANSLATED_CODEX

pytestmark = pytest.mark.litellm

TOOL: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": "read_file",
        "description": "Reads a file",
        "parameters": PARAMETERS,
        "strict": True,
    },
}


def test_a_plain_answer(client: Client, first: EmulatorControl) -> None:
    completion = client.sdk.chat.completions.create(model=CODEX, messages=[{"role": "user", "content": "echo: hello"}])
    (choice,) = completion.choices
    assert (choice.message.content or "").strip() == "hello"
    assert choice.finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens > 0
    (request,) = first.requests()
    assert (request["path"], request["query"]) == ("/openai/responses", {"api-version": "2025-04-01-preview"})
    assert request["body"]["model"] == CODEX


def test_a_streamed_answer(client: Client) -> None:
    stream = client.sdk.chat.completions.create(
        model=CODEX,
        messages=[{"role": "user", "content": "echo: one two three"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text.strip() == "one two three"
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == ["stop"]
    assert any(chunk.usage and chunk.usage.total_tokens > 0 for chunk in chunks)


def test_what_reasoning_models_refuse_never_reaches_azure(client: Client, first: EmulatorControl) -> None:
    completion = client.sdk.chat.completions.create(
        model=CODEX,
        messages=[{"role": "user", "content": "echo: x"}],
        temperature=0,
        top_p=0.5,
        presence_penalty=0,
        frequency_penalty=0,
        stop=[],
        n=1,
    )
    assert completion.choices[0].finish_reason == "stop"
    (request,) = first.requests()
    assert set(request["body"]) == {"model", "input", "stream", "store", "include"}


def test_tools_are_called_and_answered(client: Client) -> None:
    first = client.sdk.chat.completions.create(
        model=CODEX,
        messages=[{"role": "user", "content": "use tool"}],
        tools=[TOOL],
        tool_choice="required",
    )
    (choice,) = first.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls
    (call,) = choice.message.tool_calls
    assert call.type == "function"
    assert call.function.name == "read_file"
    assert json.loads(call.function.arguments)
    second = client.sdk.chat.completions.create(
        model=CODEX,
        messages=[
            {"role": "user", "content": "use tool"},
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": call.id,
                        "type": "function",
                        "function": {"name": call.function.name, "arguments": call.function.arguments},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": call.id, "content": "contents"},
        ],
        tools=[TOOL],
    )
    assert second.choices[0].finish_reason == "stop"
    assert second.choices[0].message.content


def test_parallel_tool_calls_are_streamed_apart(client: Client) -> None:
    stream = client.sdk.chat.completions.create(
        model=CODEX,
        messages=[{"role": "user", "content": "use tool: two calls"}],
        tools=[TOOL],
        tool_choice="required",
        parallel_tool_calls=True,
        temperature=0,
        stream=True,
    )
    arguments: dict[int, str] = {}
    for chunk in stream:
        for choice in chunk.choices:
            for call in choice.delta.tool_calls or []:
                assert call.function is not None
                arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
    assert len(arguments) == 2
    assert all(json.loads(text) for text in arguments.values())


def test_a_refusal_keeps_azures_message(client: Client) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.sdk.chat.completions.create(
            model=CODEX,
            messages=[{"role": "user", "content": "hi"}],
            tools=[{"type": "function", "function": {"name": ""}}],
        )
    assert "litellm" not in str(refused.value).lower()


def test_a_custom_tool_is_called_and_answered(client: Client) -> None:
    tool: Any = {"type": "custom", "custom": {"name": "shell", "description": "Runs a command"}}
    question: Any = {"role": "user", "content": "use tool: shell"}
    first = client.sdk.chat.completions.create(model=CODEX, messages=[question], tools=[tool], tool_choice=tool)
    (choice,) = first.choices
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls or []
    assert call.type == "custom"
    assert (call.custom.name, call.custom.input) == ("shell", "input é0")
    result: Any = {"role": "tool", "tool_call_id": call.id, "content": "done"}
    messages = [question, choice.message.model_dump(), result]
    second = client.sdk.chat.completions.create(model=CODEX, messages=messages, tools=[tool])
    assert second.choices[0].finish_reason == "stop"


def test_calls_of_a_custom_tool_are_streamed_beside_those_of_functions(client: Client) -> None:
    custom: Any = {"type": "custom", "custom": {"name": "shell"}}
    question: Any = {"role": "user", "content": "use tool, two calls"}
    stream = client.sdk.chat.completions.create(model=CODEX, messages=[question], tools=[TOOL, custom], stream=True)
    calls = [
        call.model_dump(exclude_none=True)
        for chunk in stream
        for choice in chunk.choices
        for call in choice.delta.tool_calls or []
    ]
    functions, customs = ([call for call in calls if name in call] for name in ("function", "custom"))
    assert len(functions) + len(customs) == len(calls)
    assert {call["index"] for call in functions} == {0}
    assert {call["index"] for call in customs} == {1}
    assert customs[0]["custom"]["name"] == "shell"
    assert "".join(call["custom"]["input"] for call in customs) == "input é1"
    assert json.loads("".join(call["function"]["arguments"] for call in functions))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "/v1/chat/completions",
            {
                "model": TRANSLATED_CHAT,
                "messages": [
                    {"role": "system", "content": "One."},
                    {"role": "developer", "name": "d", "content": "Two."},
                    {"role": "user", "content": [{"type": "text", "text": "echo: hi"}]},
                    {"role": "assistant", "refusal": "No."},
                ],
                "tools": [{"type": "function", "function": {"name": "f"}}],
                "tool_choice": "none",
                "parallel_tool_calls": False,
                "seed": 1,
                "stop": ["x"],
                "n": 2,
                "metadata": {"tags": "t"},
                "user": "u" * 65,
                "logit_bias": {"1": 1},
                "logprobs": True,
                "max_completion_tokens": 50,
                "presence_penalty": 0.5,
                "temperature": 0.5,
                "top_logprobs": 2,
            },
        ),
        (
            "/v1/responses",
            {
                "model": TRANSLATED_CODEX,
                "input": [{"role": "user", "content": "echo: hi"}],
                "instructions": "One.",
                "tools": [{"type": "function", "name": "f"}],
                "text": {"format": {"type": "json_object"}, "verbosity": "low"},
                "reasoning": {"effort": "xhigh", "summary": "auto"},
                "metadata": {"tags": "t"},
                "user": "u" * 65,
                "store": False,
                "include": [],
                "truncation": "auto",
                "max_output_tokens": 50,
                "prompt_cache_retention": "24h",
                "tool_choice": "none",
            },
        ),
        (
            "/v1/embeddings",
            {
                "model": "translated-embeddings",
                "input": ["hi"],
                "dimensions": 8,
                "user": "u",
                "encoding_format": "float",
            },
        ),
    ],
    ids=["chat", "responses", "embeddings"],
)
def test_azure_gets_the_clients_fields_of_a_model_that_is_translated_by_the_settings_only(
    http_with_key: httpx.Client,
    first: EmulatorControl,
    path: str,
    body: dict[str, Any],
    *,
    stream: bool,
) -> None:
    body = body if path == "/v1/embeddings" else body | {"stream": stream}
    response = http_with_key.post(path, json=body)
    assert response.status_code == 200, response.text
    (request,) = first.requests()
    is_asked = stream and path == "/v1/chat/completions"  # what it costs, for the log
    usage = {"stream_options": {"include_usage": True}} if is_asked else {}
    assert request["body"] | {"model": body["model"]} == body | usage

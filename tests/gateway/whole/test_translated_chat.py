"""Chat completions on a codex model: translated to Responses by the real LiteLLM."""

import json

import openai
import pytest
from openai.types.chat import ChatCompletionFunctionToolParam

from .azure_regions import EmulatorControl
from .conftest import Client
from .surfaces import CODEX, PARAMETERS

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
    assert set(request["body"]) == {"model", "input", "stream", "store"}


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

"""Responses through the gateway."""

import openai
from openai.types.responses import FunctionToolParam, Response, ResponseInputParam

from .conftest import Azure
from .surfaces import PARAMETERS

MODEL = "gpt-5.3-codex"
TOOL: FunctionToolParam = {
    "type": "function",
    "name": "read_file",
    "description": "Reads a file",
    "parameters": PARAMETERS,
    "strict": True,
}


def test_a_plain_answer(client: openai.OpenAI, azure: Azure) -> None:
    response = client.responses.create(model=MODEL, input="echo: hello")
    assert response.output_text.strip() == "hello"
    assert response.status == "completed"
    assert response.usage is not None
    assert response.usage.total_tokens > 0
    (request,) = azure.requests()
    assert request["path"] == "/openai/responses"
    assert request["query"] == {"api-version": "2025-04-01-preview"}
    assert request["body"] == {"model": MODEL, "input": "echo: hello"}


def test_a_streamed_answer_has_every_event_in_order(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model=MODEL, input="echo: one two three", stream=True))
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1].type == "response.completed"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 1
    assert "".join(deltas).strip() == "one two three"


def test_tools_are_called_and_answered(client: openai.OpenAI) -> None:
    history: ResponseInputParam = [{"role": "user", "content": "use tool"}]
    first = client.responses.create(model=MODEL, input=history, tools=[TOOL], tool_choice="required")
    (call,) = [item for item in first.output if item.type == "function_call"]
    assert call.name == "read_file"
    history += [
        {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments},
        {"type": "function_call_output", "call_id": call.call_id, "output": "contents"},
    ]
    second = client.responses.create(model=MODEL, input=history, tools=[TOOL])
    assert second.output_text


def test_parallel_tool_calls_are_streamed_apart(client: openai.OpenAI) -> None:
    stream = client.responses.create(
        model=MODEL, input="use tool: two calls", tools=[TOOL], tool_choice="required", stream=True
    )
    arguments: dict[int, str] = {}
    for event in stream:
        if event.type == "response.function_call_arguments.delta":
            arguments[event.output_index] = arguments.get(event.output_index, "") + event.delta
    assert len(arguments) == 2
    assert all(text.startswith("{") and text.endswith("}") for text in arguments.values())


def test_encrypted_reasoning_travels_through_two_turns(client: openai.OpenAI, azure: Azure) -> None:
    def turn(history: ResponseInputParam) -> Response:
        return client.responses.create(
            model=MODEL,
            input=history,
            store=False,
            include=["reasoning.encrypted_content"],
            reasoning={"effort": "medium", "summary": "auto"},
        )

    history: ResponseInputParam = [{"role": "user", "content": "echo: first"}]
    first = turn(history)
    (reasoning,) = [item for item in first.output if item.type == "reasoning"]
    assert reasoning.encrypted_content
    history += [
        {
            "type": "reasoning",
            "id": reasoning.id,
            "summary": [{"type": "summary_text", "text": part.text} for part in reasoning.summary],
            "encrypted_content": reasoning.encrypted_content,
        },
        {"role": "assistant", "content": first.output_text},
        {"role": "user", "content": "echo: second"},
    ]
    assert turn(history).output_text.strip() == "second"
    assert azure.requests()[1]["body"]["input"][1]["encrypted_content"] == reasoning.encrypted_content


def test_what_azure_answers_reaches_the_client_unchanged(client: openai.OpenAI) -> None:
    raw = client.responses.with_raw_response.create(model=MODEL, input="echo: x").http_response
    fields = raw.json()
    assert {"content_filters", "incomplete_details", "error", "max_tool_calls", "truncation"} <= set(fields)
    assert fields["error"] is None

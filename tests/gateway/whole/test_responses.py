"""Responses through the gateway."""

from openai.types.responses import FunctionToolParam, Response, ResponseInputParam

from .azure_regions import EmulatorControl
from .conftest import Client
from .surfaces import CODEX, PARAMETERS

TOOL: FunctionToolParam = {
    "type": "function",
    "name": "read_file",
    "description": "Reads a file",
    "parameters": PARAMETERS,
    "strict": True,
}


def test_a_plain_answer(client: Client, first: EmulatorControl) -> None:
    response = client.sdk.responses.create(model=CODEX, input="echo: hello")
    assert response.output_text.strip() == "hello"
    assert response.status == "completed"
    assert response.usage is not None
    assert response.usage.total_tokens > 0
    (request,) = first.requests()
    assert request["path"] == "/openai/responses"
    assert request["query"] == {"api-version": "2025-04-01-preview"}
    mark = request["body"].pop("metadata")["gateway_project"]
    assert request["body"] == {"model": CODEX, "input": "echo: hello"}
    assert mark
    assert response.metadata == {}


def test_a_streamed_answer_has_every_event_in_order(client: Client) -> None:
    events = list(client.sdk.responses.create(model=CODEX, input="echo: one two three", stream=True))
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1].type == "response.completed"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 1
    assert "".join(deltas).strip() == "one two three"


def test_tools_are_called_and_answered(client: Client) -> None:
    history: ResponseInputParam = [{"role": "user", "content": "use tool"}]
    first = client.sdk.responses.create(model=CODEX, input=history, tools=[TOOL], tool_choice="required")
    (call,) = [item for item in first.output if item.type == "function_call"]
    assert call.name == "read_file"
    history += [
        {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments},
        {"type": "function_call_output", "call_id": call.call_id, "output": "contents"},
    ]
    second = client.sdk.responses.create(model=CODEX, input=history, tools=[TOOL])
    assert second.output_text


def test_parallel_tool_calls_are_streamed_apart(client: Client) -> None:
    stream = client.sdk.responses.create(
        model=CODEX, input="use tool: two calls", tools=[TOOL], tool_choice="required", stream=True
    )
    arguments: dict[int, str] = {}
    for event in stream:
        if event.type == "response.function_call_arguments.delta":
            arguments[event.output_index] = arguments.get(event.output_index, "") + event.delta
    assert len(arguments) == 2
    assert all(text.startswith("{") and text.endswith("}") for text in arguments.values())


def test_encrypted_reasoning_travels_through_two_turns(client: Client, first: EmulatorControl) -> None:
    def turn(history: ResponseInputParam) -> Response:
        return client.sdk.responses.create(
            model=CODEX,
            input=history,
            store=False,
            include=["reasoning.encrypted_content"],
            reasoning={"effort": "medium", "summary": "auto"},
        )

    history: ResponseInputParam = [{"role": "user", "content": "echo: first"}]
    answer = turn(history)
    (reasoning,) = [item for item in answer.output if item.type == "reasoning"]
    assert reasoning.encrypted_content
    history += [
        {
            "type": "reasoning",
            "id": reasoning.id,
            "summary": [{"type": "summary_text", "text": part.text} for part in reasoning.summary],
            "encrypted_content": reasoning.encrypted_content,
        },
        {"role": "assistant", "content": answer.output_text},
        {"role": "user", "content": "echo: second"},
    ]
    assert turn(history).output_text.strip() == "second"
    assert first.requests()[1]["body"]["input"][1]["encrypted_content"] == reasoning.encrypted_content


def test_what_azure_answers_reaches_the_client_unchanged(client: Client) -> None:
    raw = client.sdk.responses.with_raw_response.create(model=CODEX, input="echo: x").http_response
    fields = raw.json()
    assert {"content_filters", "incomplete_details", "error", "max_tool_calls", "truncation"} <= set(fields)
    assert fields["error"] is None

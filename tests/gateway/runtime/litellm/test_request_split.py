"""What LiteLLM reads of a request, and what the gateway tells Azure itself."""

import json
from typing import Any

import pytest

from gateway.runtime.context import Surface
from gateway.runtime.errors import RefusedError
from gateway.runtime.litellm.request_split import merge_inner, split

from ..builders import build_model

MESSAGES = [{"role": "user", "content": "hi"}]
CODEX = build_model("responses", reasoning_efforts=("low", "xhigh"))
PLAIN: dict[str, Any] = {"model": "m", "messages": MESSAGES}


def translated(**fields: object) -> dict[str, object]:
    """The parameters of a chat with these fields, without those of every chat."""
    _, parameters, _ = split(Surface.CHAT, CODEX, PLAIN | fields)
    assert parameters.pop("store") is False
    return parameters


def refusal(**fields: object) -> tuple[str, str]:
    with pytest.raises(RefusedError) as refused:
        split(Surface.CHAT, CODEX, PLAIN | fields)
    assert refused.value.response.status == 400
    assert isinstance(refused.value.response.body, bytes)
    error = json.loads(refused.value.response.body)["error"]
    assert error["message"].startswith(f"'{error['param']}' must be ")
    return error["param"], error["code"]


def read(messages: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - it is JSON
    fields, _, _ = split(Surface.CHAT, CODEX, PLAIN | {"messages": messages})
    return fields["messages"]


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def test_litellm_reads_what_it_translates_and_nothing_else() -> None:
    options = {"include_usage": True}
    fields = PLAIN | {"stream": True, "stream_options": options, "user": "u", "temperature": 0, "tool_choice": "auto"}
    assert split(Surface.CHAT, CODEX, fields) == (
        PLAIN | {"stream": True, "stream_options": options},
        {"store": False, "user": "u", "tool_choice": "auto"},
        1,
    )


@pytest.mark.parametrize("surface", [Surface.CHAT, Surface.RESPONSES, Surface.EMBEDDINGS])
def test_of_the_models_own_api_azure_gets_the_clients_fields(surface: Surface) -> None:
    model = build_model("chat" if surface is Surface.CHAT else "responses")
    known = {"model": "m", "stream": True, "input": "hi", "messages": MESSAGES, "n": 2, "tools": []}
    fields, parameters, without_effect = split(surface, model, known)
    assert (fields, without_effect) == ({"model": "m", "stream": True, "input": "hi", "messages": MESSAGES}, 0)
    assert parameters == {"input": "hi", "messages": MESSAGES, "n": 2, "tools": []}


def test_an_inner_call_has_no_parameter_that_litellm_invents() -> None:
    fields = {"model": "m", "input": [], "stream": True, "tools": [], "user": "x", "temperature": 1, "include": []}
    parameters = {"user": "u", "store": False}
    assert merge_inner(fields, parameters) == {"model": "m", "input": [], "stream": True, "tools": [], **parameters}


def test_without_a_stream_it_has_no_options_of_one() -> None:
    options = {"stream_options": {"include_obfuscation": False}}
    assert merge_inner({"stream": True}, options) == {"stream": True, **options}
    assert merge_inner({"stream": False}, options) == {"stream": False}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_tokens": 20}, 20),
        ({"max_completion_tokens": 20}, 20),
        ({"max_tokens": 20, "max_completion_tokens": 20}, 20),
        ({"max_tokens": 1}, 16),
        ({"max_tokens": 16}, 16),
    ],
)
def test_the_limit_of_the_output_is_azures_least_or_more(fields: dict[str, int], expected: int) -> None:
    assert translated(**fields) == {"max_output_tokens": expected}


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"max_tokens": 0}, ("max_tokens", "invalid_value")),
        ({"max_completion_tokens": -1}, ("max_completion_tokens", "invalid_value")),
        ({"max_tokens": 20, "max_completion_tokens": 21}, ("max_tokens", "unsupported_parameter")),
        ({"reasoning_effort": "high"}, ("reasoning_effort", "invalid_value")),
        ({"reasoning": {"effort": "high"}}, ("reasoning.effort", "invalid_value")),
        ({"reasoning": {"enabled": False}}, ("reasoning.enabled", "unsupported_parameter")),
        ({"reasoning": {"effort": "low"}, "reasoning_effort": "xhigh"}, ("reasoning_effort", "unsupported_parameter")),
        *(({"n": value}, ("n", "unsupported_parameter")) for value in (0, 2)),
        *(({"stop": value}, ("stop", "unsupported_parameter")) for value in ("x", ["x"])),
        *(({"seed": value}, ("seed", "unsupported_parameter")) for value in (0, 1)),
        ({"logprobs": True}, ("logprobs", "unsupported_parameter")),
    ],
)
def test_what_responses_cannot_do_is_refused(fields: dict[str, object], refused: tuple[str, str]) -> None:
    assert refusal(**fields) == refused


def test_what_asks_for_nothing_is_counted() -> None:
    neutral = {"n": 1, "stop": [], "logprobs": False, "presence_penalty": 0.0, "logit_bias": {}, "top_logprobs": 0}
    _, parameters, without_effect = split(Surface.CHAT, CODEX, PLAIN | neutral | {"top_p": 1})
    assert (parameters, without_effect) == ({"store": False}, 7)
    _, _, without_effect = split(Surface.CHAT, CODEX, PLAIN | {"stream_options": {"include_usage": True}})
    assert without_effect == 1


def test_efforts_are_the_models() -> None:
    assert translated(reasoning_effort="xhigh") == {"reasoning": {"effort": "xhigh"}}
    _, parameters, _ = split(Surface.CHAT, build_model("responses"), PLAIN | {"reasoning_effort": "new"})
    assert parameters["reasoning"] == {"effort": "new"}


def test_both_ways_to_ask_for_reasoning_may_agree() -> None:
    reasoning = {"effort": "low", "summary": "auto"}
    assert translated(reasoning=reasoning, reasoning_effort="low") == {"reasoning": reasoning}
    assert translated(reasoning={"summary": "auto"}, reasoning_effort="low") == {"reasoning": reasoning}


def test_the_summary_of_the_settings_is_asked_for_unless_the_client_names_another() -> None:
    model = build_model("responses", reasoning_summary="detailed")
    for fields, reasoning in (
        ({}, {"summary": "detailed"}),
        ({"reasoning_effort": "low"}, {"effort": "low", "summary": "detailed"}),
        ({"reasoning": {"summary": "auto"}}, {"summary": "auto"}),
        ({"reasoning": {"effort": "low", "exclude": True}}, {"effort": "low"}),
        ({"reasoning_effort": "none"}, {"effort": "none"}),
    ):
        _, parameters, _ = split(Surface.CHAT, model, PLAIN | fields)
        assert parameters["reasoning"] == reasoning


def test_azure_gets_only_what_it_knows_of_reasoning() -> None:
    fields = {"reasoning": {"effort": "low", "enabled": True, "exclude": False, "max_tokens": False}}
    _, parameters, without_effect = split(Surface.CHAT, CODEX, PLAIN | fields)
    assert (parameters["reasoning"], without_effect) == ({"effort": "low"}, 3)


def test_a_schema_and_the_verbosity_are_parts_of_the_text() -> None:
    schema = {"name": "n", "description": "d", "schema": {"type": "object"}, "strict": True}
    fields = {"verbosity": "low", "response_format": {"type": "json_schema", "json_schema": schema}}
    assert translated(**fields) == {"text": {"verbosity": "low", "format": {"type": "json_schema", **schema}}}


def test_a_tool_is_chosen_by_its_name() -> None:
    function, flat = {"type": "function", "function": {"name": "f"}}, {"type": "function", "name": "f"}
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [function]}}
    assert translated(tool_choice=function) == {"tool_choice": flat}
    assert translated(tool_choice=allowed) == {
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [flat]}
    }


def test_a_tool_is_not_strict_unless_it_says_so() -> None:
    custom = {"type": "custom", "custom": {"name": "g"}}
    tools = [
        {"type": "function", "function": {"name": "f"}},
        {"type": "function", "function": {"strict": True}},
        custom,
    ]
    fields, _, _ = split(Surface.CHAT, CODEX, PLAIN | {"tools": tools})
    assert [tool["function"]["strict"] for tool in fields["tools"][:2]] == [False, True]
    assert fields["tools"][2] == custom


def test_instructions_are_parts_so_that_litellm_leaves_them_in_their_places() -> None:
    messages = [{"role": role, "content": "x"} for role in ("system", "developer", "user", "assistant")]
    assert [message["content"] for message in read(messages)] == [[text("x")], [text("x")], "x", "x"]


def test_names_are_told_in_the_text_but_not_an_assistants() -> None:
    named = [{"role": role, "name": "Ada", "content": "x"} for role in ("system", "user", "assistant")]
    name = text("<name>Ada</name>")
    fields, _, without_effect = split(Surface.CHAT, CODEX, PLAIN | {"messages": named})
    assert [message["content"] for message in fields["messages"]] == [[name, text("x")], [name, text("x")], [text("x")]]
    assert not any("name" in message for message in fields["messages"])
    assert without_effect == 1


@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": "x"}, {"content": [text("x")]}])
def test_a_refusal_is_the_last_part(content: dict[str, Any]) -> None:
    (message,) = read([{"role": "assistant", "refusal": "No.", **content}])
    before = [text("x")] if content.get("content") else []
    assert message == {"role": "assistant", "content": [*before, {"type": "refusal", "refusal": "No."}]}


def test_other_messages_stay_as_they_are() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": [text("x")]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "x"},
    ]
    assert read(messages) == messages

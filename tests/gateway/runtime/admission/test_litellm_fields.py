"""Which fields of a body reach LiteLLM, and which are removed or refused."""

import json
from copy import deepcopy
from typing import Any

import pytest
from openai.types import embedding_create_params as embeddings
from openai.types.chat import completion_create_params as chat
from openai.types.responses import response_create_params as responses

from gateway.runtime.admission.litellm_fields import keep_known_fields
from gateway.runtime.context import Surface
from gateway.runtime.errors import RefusedError

from ..litellm_parameters import LITELLM_PARAMETERS

FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object", "x": [1]}, "strict": True}
SCHEMA = {"name": "n", "description": "d", "schema": {"type": "object"}, "strict": True}
COMMON: dict[str, Any] = {
    "model": "m",
    "stream": True,
    "parallel_tool_calls": True,
    "temperature": 0,
    "top_p": 0.5,
    "top_logprobs": 1,
    "service_tier": "auto",
    "store": False,
    "user": "u",
    "safety_identifier": "s",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
}
CHAT: dict[str, Any] = {
    **COMMON,
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "name": "n", "content": [{"type": "text", "text": "t"}]},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
                {"type": "image_url", "image_url": "data:image/png;base64,AAAA"},
            ],
        },
        {
            "role": "assistant",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "out"},
        {"role": "assistant", "refusal": "r", "content": [{"type": "refusal", "refusal": "r"}]},
    ],
    "stream_options": {"include_usage": True, "include_obfuscation": False},
    "tools": [{"type": "function", "function": FUNCTION}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {"type": "json_schema", "json_schema": SCHEMA},
    "reasoning_effort": "low",
    "verbosity": "low",
    "max_tokens": 5,
    "max_completion_tokens": 5,
    "n": 1,
    "seed": 1,
    "stop": ["x"],
    "presence_penalty": 0.1,
    "frequency_penalty": 0,
    "logprobs": True,
    "logit_bias": {"1": 1},
}
RESPONSES: dict[str, Any] = {
    **COMMON,
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "t"}]},
        {"type": "reasoning", "summary": [], "encrypted_content": "e"},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
    ],
    "instructions": "i",
    "stream_options": {"include_obfuscation": False},
    "tools": [
        {"type": "function", **FUNCTION},
        {"type": "custom", "name": "g", "description": "d", "format": {"type": "text"}},
    ],
    "tool_choice": {"type": "custom", "name": "g"},
    "max_tool_calls": 1,
    "max_output_tokens": 5,
    "previous_response_id": "resp_1",
    "reasoning": {"effort": "low", "summary": "auto"},
    "text": {"verbosity": "low", "format": {"type": "json_schema", **SCHEMA}},
    "include": ["reasoning.encrypted_content"],
    "truncation": "auto",
}
EMBEDDINGS: dict[str, Any] = {
    "model": "m",
    "input": ["a", "b"],
    "encoding_format": "base64",
    "dimensions": 5,
    "user": "u",
}
WHOLE = {Surface.CHAT: CHAT, Surface.RESPONSES: RESPONSES, Surface.EMBEDDINGS: EMBEDDINGS}
surfaces = pytest.mark.parametrize("surface", WHOLE)


def changed(surface: Surface, path: str, value: object) -> dict[str, Any]:
    """A body in which this value stands at this path, as in `messages.0.role`; `...` leaves the field out."""
    body: Any = deepcopy(WHOLE[surface])
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner = body
    for step in steps:
        inner = inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return dict(body)


def refusal(surface: Surface, body: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(RefusedError) as refused:
        keep_known_fields(surface, body)
    assert refused.value.response.status == 400
    assert isinstance(refused.value.response.body, bytes)
    return dict(json.loads(refused.value.response.body)["error"])


@surfaces
def test_what_the_api_documents_passes_whole(surface: Surface) -> None:
    assert keep_known_fields(surface, WHOLE[surface]) == (WHOLE[surface], 0)


@surfaces
def test_fields_of_litellm_alone_are_removed_and_counted(surface: Surface) -> None:
    for name, value in LITELLM_PARAMETERS.items():
        if name not in WHOLE[surface]:
            assert keep_known_fields(surface, WHOLE[surface] | {name: value}) == (WHOLE[surface], 1), name


@pytest.mark.parametrize(
    ("surface", "path"),
    [
        (Surface.CHAT, "messages.0"),
        (Surface.CHAT, "messages.1.content.0"),
        (Surface.CHAT, "messages.2.content.0.image_url"),
        (Surface.CHAT, "messages.3.tool_calls.0"),
        (Surface.CHAT, "messages.3.tool_calls.0.function"),
        (Surface.CHAT, "tools.0"),
        (Surface.CHAT, "tools.0.function"),
        (Surface.CHAT, "stream_options"),
        (Surface.CHAT, "tool_choice"),
        (Surface.CHAT, "response_format.json_schema"),
        (Surface.RESPONSES, "tools.0"),
        (Surface.RESPONSES, "tools.1"),
        (Surface.RESPONSES, "reasoning"),
        (Surface.RESPONSES, "text"),
    ],
)
def test_so_are_unknown_fields_inside(surface: Surface, path: str) -> None:
    body = changed(surface, f"{path}.cache_control", {"type": "ephemeral"})
    assert keep_known_fields(surface, body) == (WHOLE[surface], 1)


@pytest.mark.parametrize("path", ["tools.0.function.parameters", "logit_bias"])
def test_but_not_in_what_the_client_may_word_freely(path: str) -> None:
    body = changed(Surface.CHAT, f"{path}.api_base", 1)
    assert keep_known_fields(Surface.CHAT, body) == (body, 0)


@surfaces
def test_null_is_no_value(surface: Surface) -> None:
    optional = [name for name in WHOLE[surface] if name not in ("messages", "input")]
    fields, dropped = keep_known_fields(surface, WHOLE[surface] | dict.fromkeys(optional))
    assert (list(fields), dropped) == (["messages" if surface is Surface.CHAT else "input"], 0)


@pytest.mark.parametrize(
    ("surface", "path", "values"),
    [
        (Surface.CHAT, "messages", ["x", {}, [], None, ...]),
        (Surface.CHAT, "messages.0", ["x", 1, None, []]),
        (Surface.CHAT, "messages.0.role", [1, None, {}, ...]),
        (Surface.CHAT, "messages.0.content", [1, {}, None, ...]),
        (Surface.CHAT, "messages.4.content", [1, {}, None, ...]),
        (Surface.CHAT, "messages.1.content.0", ["x", None, {}]),
        (Surface.CHAT, "messages.1.content.0.type", ["refusal", "input_audio", "x", 1, None, ["text"], ...]),
        (Surface.CHAT, "messages.1.content.0.text", [1, None, ...]),
        (Surface.CHAT, "messages.2.content.0.image_url", [1, None, {}, ...]),
        (Surface.CHAT, "messages.3.tool_calls", ["x", {}, [None], [{}], [{"type": "custom"}]]),
        (Surface.CHAT, "messages.3.tool_calls.0.id", [1, None, ...]),
        (Surface.CHAT, "messages.3.tool_calls.0.function", ["x", None, {}, ...]),
        (Surface.CHAT, "messages.3.tool_calls.0.function.arguments", [{}]),
        (Surface.CHAT, "messages.4.tool_call_id", [1, [], {}, None, ...]),
        (
            Surface.CHAT,
            "messages.2.content.0",
            [{"type": "file"}, *({"type": "file", "file": file} for file in ({"file_id": 1}, {"filename": "a"}))],
        ),
        (Surface.CHAT, "messages.0.content", [[{"type": "image_url", "image_url": "data:,x"}]]),
        (Surface.CHAT, "tools", ["x", {}, ["x"], [None], [{}], [{"type": "mcp"}], [{"type": "custom"}]]),
        (Surface.CHAT, "tools.0.function", ["x", [], None, {}, ...]),
        (Surface.CHAT, "tools.0.function.name", [1, None, ...]),
        (Surface.CHAT, "tools.0.function.parameters", ["x", []]),
        (Surface.CHAT, "tool_choice", [1, [], {}, {"type": "function"}, {"type": "function", "function": {}}]),
        (Surface.CHAT, "response_format", ["x", [], {}, {"type": "x"}]),
        (Surface.CHAT, "response_format.json_schema", ["x", {}, None, ...]),
        (Surface.CHAT, "response_format.json_schema.schema", ["x", None, ...]),
        (Surface.CHAT, "stream", ["true", 1]),
        (Surface.CHAT, "stream_options", [True, [], "x"]),
        (Surface.CHAT, "temperature", ["x", True, []]),
        (Surface.CHAT, "max_tokens", ["5", 1.5, True]),
        (Surface.CHAT, "stop", [1, {}, [1]]),
        (Surface.RESPONSES, "input", [1, {}, [], ["x"], [None], None, ...]),
        (Surface.RESPONSES, "tools", [{}, [{}], *([{"type": kind}] for kind in ("mcp", "web_search", "file_search"))]),
        (Surface.RESPONSES, "tools.0.name", [1, None, ...]),
        (Surface.RESPONSES, "tools.1.format", ["x", []]),
        (Surface.RESPONSES, "previous_response_id", [1, {}]),
        (Surface.RESPONSES, "include", ["x", [1]]),
        (Surface.RESPONSES, "text.format", ["x", {}, {"type": "x"}, {"type": "json_schema"}]),
        (Surface.EMBEDDINGS, "input", [1, {}, [], [None], [[]], [["x"]], [1.5], [[True]], None, ...]),
        (Surface.EMBEDDINGS, "dimensions", ["x", 1.5]),
        (Surface.EMBEDDINGS, "encoding_format", [1, {}]),
    ],
)
def test_what_has_another_shape_is_refused_and_named(surface: Surface, path: str, values: list[object]) -> None:
    for value in values:
        error = refusal(surface, changed(surface, path, value))
        steps = path.split(".")
        where = "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps).removeprefix(".")
        assert error["code"] == "invalid_type"
        assert error["param"].startswith(where.removesuffix(".type"))
        assert error["message"].startswith(f"'{error['param']}' must be ")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "'messages[0].content' must be a string or a list."),
        ([{"type": "text", "text": 1}], "'messages[0].content[0].text' must be a string."),
        ([{"type": "text"}], "'messages[0].content[0].text' must be given."),
        ([{}], "'messages[0].content[0].type' must be text."),
    ],
)
def test_the_message_says_what_would_fit(value: object, message: str) -> None:
    assert refusal(Surface.CHAT, changed(Surface.CHAT, "messages.0.content", value))["message"] == message


@pytest.mark.parametrize(
    ("surface", "parameters"),
    [
        (Surface.CHAT, chat.CompletionCreateParamsBase),
        (Surface.RESPONSES, responses.ResponseCreateParamsBase),
        (Surface.EMBEDDINGS, embeddings.EmbeddingCreateParams),
    ],
)
def test_no_field_that_openai_documents_is_removed(surface: Surface, parameters: type) -> None:
    for name in parameters.__annotations__.keys() - WHOLE[surface].keys():
        refused: list[object] = []
        values: list[object] = ["x", [], {}, 1]
        for value in values:
            try:
                assert keep_known_fields(surface, WHOLE[surface] | {name: value})[1] == 0, name
            except RefusedError:
                refused.append(value)
        assert refused, name


def test_a_clients_own_words_are_not_repeated() -> None:
    body = changed(Surface.CHAT, "messages.0", {"role": "user", "content": {"canary": 1}, "canary-2": 1})
    assert "canary" not in json.dumps(refusal(Surface.CHAT, body))


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("tool_choice", "any", "invalid_value"),
        ("tool_choice", {"type": "allowed_tools", "allowed_tools": {"mode": "x", "tools": []}}, "invalid_value"),
        ("verbosity", "x", "invalid_value"),
        ("messages.3.function_call", {"name": "f", "arguments": ""}, "unsupported_parameter"),
        ("messages.3.audio", {"id": "x"}, "unsupported_parameter"),
        ("max_output_tokens", 5, "unsupported_parameter"),
    ],
)
def test_the_code_tells_values_and_fields_that_cannot_be_translated(path: str, value: object, code: str) -> None:
    assert refusal(Surface.CHAT, changed(Surface.CHAT, path, value))["code"] == code


@pytest.mark.parametrize("texts", ["x", ["x"], [1, 2], [[1, 2], [3]]])
def test_every_form_of_an_embeddings_input_passes(texts: object) -> None:
    body = EMBEDDINGS | {"input": texts}
    assert keep_known_fields(Surface.EMBEDDINGS, body) == (body, 0)


@pytest.mark.parametrize(
    ("surface", "name", "value"),
    [
        (Surface.CHAT, "functions", [{"name": "f"}]),
        (Surface.CHAT, "function_call", "auto"),
        (Surface.CHAT, "audio", {"voice": "alloy", "format": "wav"}),
        (Surface.CHAT, "web_search_options", {}),
        (Surface.RESPONSES, "background", True),
        (Surface.RESPONSES, "conversation", "conv_1"),
        (Surface.RESPONSES, "prompt", {"id": "pmpt_1"}),
    ],
)
def test_what_would_change_the_answer_and_cannot_be_passed_on_is_refused(
    surface: Surface, name: str, value: object
) -> None:
    error = refusal(surface, WHOLE[surface] | {name: value})
    assert (error["param"], error["message"]) == (name, f"'{name}' must be left out, as it cannot be translated.")
    for nothing in (False, None):
        assert keep_known_fields(surface, WHOLE[surface] | {name: nothing})[1] == 0

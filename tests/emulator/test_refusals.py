"""Responses requests that Azure's reasoning models refuse, and with which words."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.emulator.process import CODEX, RESPONSES_PATH

_CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
_NAMESPACE: dict[str, Any] = {"type": "namespace", "name": "n", "description": "d", "tools": []}
_USER = {"role": "user", "content": "hi"}

_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"temperature": 0}, "Unsupported parameter: 'temperature' is not supported with this model."),
    ({"top_p": 1}, "Unsupported parameter: 'top_p' is not supported with this model."),
    ({"top_logprobs": 2}, "Unsupported parameter: 'top_logprobs' is not supported with this model."),
    ({"max_output_tokens": 15}, "Expected a value >= 16, but got 15 instead."),
    ({"max_output_tokens": "many"}, "Invalid type for 'max_output_tokens': expected an integer, but got a string"),
    ({"max_output_tokens": True}, "expected an integer, but got a boolean"),
    ({"max_output_tokens": 99.5}, "expected an integer, but got a decimal"),
    ({"messages": []}, "Unknown parameter: 'messages'."),
    ({"stream": "yes"}, "Invalid type for 'stream': expected a boolean"),
    ({"stream_options": {"include_obfuscation": True}}, "only allowed when 'stream' is enabled"),
    ({"stream": True, "stream_options": {"include_usage": True}}, "'stream_options.include_usage'"),
    ({"reasoning": {"summary": "none"}}, "Invalid value: 'none'. Supported values are: 'auto', 'concise', and"),
    ({"reasoning": {"depth": 1}}, "Unknown parameter: 'reasoning.depth'."),
    (
        {"reasoning": {"effort": "extreme"}},
        "Invalid value: 'extreme'. Supported values are: 'low', 'medium', 'high', and 'xhigh'.",
    ),
    (
        {"reasoning": {"effort": "minimal"}},
        f"Unsupported value: 'minimal' is not supported with the '{CODEX}' model. Supported values are: 'low', ",
    ),
    ({"background": True, "store": False}, "Background mode requires 'store' to be true."),
    ({"client_metadata": "x"}, "Invalid type for 'client_metadata': expected an object"),
    ({"reasoning": "high"}, "Invalid type for 'reasoning': expected an object"),
    ({"tools": {}}, "Invalid type for 'tools': expected an array of objects, but got an object"),
    ({"tools": [1]}, "Invalid type for 'tools[0]'"),
    ({"tools": [{}]}, "Missing required parameter: 'tools[0].type'."),
    ({"tools": [{"type": "magic"}]}, "Invalid value: 'magic'."),
    ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "Missing required parameter: 'tools[0].name'."),
    ({"tools": [{"type": "function", "name": "f", "x": 1}]}, "Unknown parameter: 'tools[0].x'."),
    ({"tools": [{"type": "function", "name": 5}]}, "Invalid type for 'tools[0].name'"),
    ({"tools": [{"type": "function", "name": "f", "parameters": [1]}]}, "Invalid type for 'tools[0].parameters'"),
    ({"tools": [{"type": "function", "name": "f", "strict": "yes"}]}, "Invalid type for 'tools[0].strict'"),
    ({"tools": [{"type": "namespace", "name": "n"}]}, "Missing required parameter: 'tools[0].description'."),
    ({"tools": [{**_NAMESPACE, "description": ""}]}, "Invalid 'tools[0].description': empty string."),
    ({"tools": [{**_NAMESPACE, "tools": {}}]}, "Invalid type for 'tools[0].tools': expected an array of objects"),
    ({"tools": [{**_NAMESPACE, "tools": [{"type": "mcp"}]}]}, "Supported values are: 'function' and 'custom'."),
    (
        {"tools": [{**_NAMESPACE, "tools": [{"type": "function"}]}]},
        "Missing required parameter: 'tools[0].tools[0].name'.",
    ),
    (
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        "required parameter: 'tool_choice.name'.",
    ),
    ({"tool_choice": {"type": "function", "name": "f", "x": 1}}, "Unknown parameter: 'tool_choice.x'."),
    ({"tool_choice": "any"}, "Invalid value: 'any'."),
    ({"prompt_cache_key": "k" * 65}, "Invalid 'prompt_cache_key': string too long. Expected a string with maximum le"),
    ({"safety_identifier": "k" * 65}, "Invalid 'safety_identifier': string too long."),
    ({"tools": [{"type": "function", "name": "f" * 65}]}, "Invalid 'tools[0].name': string too long."),
    ({"tools": [{"type": "function", "name": "a.b"}]}, "Invalid 'tools[0].name': string does not match pattern."),
    ({"metadata": {"n": "v" * 513}}, "Invalid 'metadata.n': string too long."),
    ({"metadata": {"n" * 65: "v"}}, "Invalid 'metadata': string too long."),
    ({"metadata": {"n": 1}}, "Invalid type for 'metadata.n': expected a string, but got an integer instead."),
    ({"metadata": {str(n): "" for n in range(17)}}, "at most 16 properties, but got an object with 17"),
    ({"previous_response_id": "conv_1"}, "Expected an ID that begins with 'resp'."),
    ({"previous_response_id": "resp_" + "x" * 60}, "string with maximum length 64, but got a string with length 65"),
    ({"previous_response_id": "resp_1"}, "Previous response with id 'resp_1' not found."),
    ({"input": None}, "Missing required parameter: 'input'."),
    ({"input": 7}, "Invalid type for 'input'"),
    ({"input": "x" * 1_100_000}, "Your input exceeds the context window of this model."),
    ({"input": "content filter"}, "triggering Azure OpenAI's content management policy"),
]
_ITEMS: list[tuple[list[Any], str]] = [
    (["hi"], "Invalid type for 'input[0]'"),
    ([{}], "Invalid value: 'None'."),
    ([{"type": "hologram"}], "Invalid value: 'hologram'."),
    ([{"type": ["message"]}], "Invalid value: '['message']'."),
    ([{"role": "tool", "content": "x"}], "Supported values are: 'assistant', 'system', 'developer', and 'user'."),
    ([{"role": "user"}], "Invalid type for 'input[0].content': expected one of an array of objects or string"),
    ([{**_USER, "name": "me"}], "Unknown parameter: 'input[0].name'."),
    ([{"role": "user", "content": ["x"]}], "Invalid type for 'input[0].content[0]'"),
    ([{"role": "user", "content": [{"type": "text", "text": "x"}]}], "Invalid value: 'text'."),
    (
        [{"role": "user", "content": [{"type": "output_text", "text": "x"}]}],
        "'input_text', 'input_image', and",
    ),
    ([{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}], "'output_text', and 'refusal'"),
    (
        [{"role": "user", "content": [{"type": "input_text"}]}],
        "required parameter: 'input[0].content[0].text'.",
    ),
    ([{**_CALL, "arguments": None}], "Missing required parameter: 'input[0].arguments'."),
    ([{**_CALL, "id": "call_1"}], "Expected an ID that begins with 'fc'."),
    ([_CALL], "No tool output found for function call c."),
    (
        [{"type": "function_call_output", "call_id": "c", "output": ""}],
        "No tool call found for function call output",
    ),
    ([{"type": "function_call_output", "output": ""}], "Missing required parameter: 'input[0].call_id'."),
    ([_CALL, {"type": "function_call_output", "call_id": "c"}], "Invalid type for 'input[1].output'"),
    ([{"type": "reasoning"}], "Missing required parameter: 'input[0].summary'."),
    ([{"type": "reasoning", "summary": None}], "Invalid type for 'input[0].summary'"),
    ([{"type": "reasoning", "summary": [], "status": "completed"}], "Unknown parameter: 'input[0].status'."),
    ([{"type": "reasoning", "summary": [], "id": "x"}], "Expected an ID that begins with 'rs'."),
]


@pytest.mark.parametrize(("fields", "message"), _FIELDS)
def test_a_field_is_refused(client: TestClient, fields: dict[str, Any], message: str) -> None:
    answer = client.post(RESPONSES_PATH, json={"model": CODEX, "input": "hi", **fields})
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]
    assert {"message", "type", "param", "code"} <= set(answer.json()["error"])


@pytest.mark.parametrize(("items", "message"), _ITEMS)
def test_an_input_item_is_refused(client: TestClient, items: list[Any], message: str) -> None:
    answer = client.post(RESPONSES_PATH, json={"model": CODEX, "input": items})
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_what_reasoning_models_take_as_unset_is_not_refused(client: TestClient) -> None:
    body = {"model": CODEX, "input": "hi", "temperature": None, "top_p": None, "tools": None, "metadata": None}
    assert client.post(RESPONSES_PATH, json=body).status_code == 200


@pytest.mark.parametrize(
    "item",
    [
        {"type": "item_reference", "id": "msg_1"},
        {"type": "item_reference", "id": "msg_1", "role": "user"},
    ],
)
def test_items_that_need_no_look_are_accepted(client: TestClient, item: dict[str, Any]) -> None:
    assert client.post(RESPONSES_PATH, json={"model": CODEX, "input": [item, _USER]}).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"a": NaN}', b"[" * 100_000, b"\xff\xfe"])
def test_a_body_that_is_no_json_object_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post(RESPONSES_PATH, content=body)
    assert answer.status_code == 400
    assert "could not parse the JSON body" in answer.json()["error"]["message"]


@pytest.mark.parametrize("model", [{}, {"model": None}, {"model": 5}])
def test_a_request_without_a_model_is_refused(client: TestClient, model: dict[str, Any]) -> None:
    answer = client.post(RESPONSES_PATH, json={"input": "hi", **model})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "model"

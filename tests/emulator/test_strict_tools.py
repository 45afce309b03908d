"""Strict function tools: what is refused, and what becomes of a tool that does not say whether it is strict."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.emulator.process import CHAT_PATH, CODEX, RESPONSES_PATH

_CITY: dict[str, Any] = {"type": "string"}
_OPTIONAL: dict[str, Any] = {
    "type": "object",
    "properties": {"city": _CITY, "units": {"type": "string"}},
    "required": ["city"],
}
_STRICT: dict[str, Any] = {**_OPTIONAL, "required": ["city", "units"], "additionalProperties": False}


def _shown_and_called(client: TestClient, tool: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The tool as the response shows it, and the arguments of its call."""
    body = {"model": CODEX, "input": "use tool", "tools": [{"type": "function", "name": "f", **tool}]}
    answer = client.post(RESPONSES_PATH, json=body).json()
    return answer["tools"][0], [*json.loads(answer["output"][0]["arguments"])]


@pytest.mark.parametrize("strict", [{}, {"strict": None}])
def test_a_tool_that_does_not_say_is_made_strict_and_optional_arguments_come(
    client: TestClient, strict: dict[str, None]
) -> None:
    shown, arguments = _shown_and_called(client, {"parameters": _OPTIONAL, **strict})
    assert (shown["strict"], shown["parameters"]) == (True, _STRICT)
    assert arguments == ["city", "units"]


def test_what_is_nested_is_made_strict_too(client: TestClient) -> None:
    parameters = {
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": _OPTIONAL},
            "either": {"anyOf": [_OPTIONAL, {"type": "null"}]},
        },
    }
    shown, _ = _shown_and_called(client, {"parameters": parameters})
    assert shown["parameters"]["properties"] == {
        "list": {"type": "array", "items": _STRICT},
        "either": {"anyOf": [_STRICT, {"type": "null"}]},
    }


@pytest.mark.parametrize(
    "other",
    [
        {"additionalProperties": True},
        {"properties": {**_OPTIONAL["properties"], "free": {"type": "object"}}},
        {"properties": {**_OPTIONAL["properties"], "either": {"oneOf": [_CITY]}}},
    ],
)
def test_a_schema_that_cannot_be_strict_stays_as_it_is(client: TestClient, other: dict[str, Any]) -> None:
    parameters = {**_OPTIONAL, **other}
    shown, arguments = _shown_and_called(client, {"parameters": parameters})
    assert (shown["strict"], shown["parameters"]) == (False, parameters)
    assert arguments == ["city"]


def test_a_tool_that_is_not_strict_is_called_without_optional_arguments(client: TestClient) -> None:
    shown, arguments = _shown_and_called(client, {"parameters": _OPTIONAL, "strict": False})
    assert (shown["strict"], shown["parameters"]) == (False, _OPTIONAL)
    assert arguments == ["city"]


def test_a_function_without_parameters_is_strict(client: TestClient) -> None:
    shown, arguments = _shown_and_called(client, {})
    assert shown["strict"] is True
    assert arguments == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {**_STRICT, "additionalProperties": True},
            "'additionalProperties' is required to be supplied and to be false.",
        ),
        ({**_STRICT, "required": ["city"]}, "including every key in properties. Missing 'units'."),
        ({**_STRICT, "required": ["city", "units", "x"]}, "Extra required key 'x' supplied."),
        (
            {**_STRICT, "properties": {"city": _CITY, "units": {**_STRICT, "oneOf": []}}},
            "In context=('properties', 'units'), 'oneOf' is not permitted.",
        ),
    ],
)
def test_a_strict_tool_with_another_schema_is_refused(
    client: TestClient, parameters: dict[str, Any], message: str
) -> None:
    function = {"name": "f", "parameters": parameters, "strict": True}
    body = {"model": CODEX, "input": "hi", "tools": [{"type": "function", **function}]}
    chat = {"messages": [{"role": "user", "content": "hi"}], "tools": [{"type": "function", "function": function}]}
    for path, param, request in ((RESPONSES_PATH, "tools[0]", body), (CHAT_PATH, "tools[0].function", chat)):
        answer = client.post(path, json=request)
        error = answer.json()["error"]
        assert answer.status_code == 400
        assert error["message"].startswith("Invalid schema for function 'f': In context=(")
        assert error["message"].endswith(message)
        assert (error["param"], error["code"]) == (f"{param}.parameters", "invalid_function_parameters")


def test_chat_makes_no_tool_strict(client: TestClient) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": _OPTIONAL}}
    body = {"messages": [{"role": "user", "content": "use tool"}], "tools": [tool]}
    (call,) = client.post(CHAT_PATH, json=body).json()["choices"][0]["message"]["tool_calls"]
    assert [*json.loads(call["function"]["arguments"])] == ["city"]

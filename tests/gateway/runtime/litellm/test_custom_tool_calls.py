"""Calls of custom tools come back as such."""

from typing import Any

import pytest

from gateway.runtime.litellm.custom_tool_calls import CustomToolCalls, read_custom_tools


def call(index: int, name: str | None, arguments: str) -> dict[str, Any]:
    """As LiteLLM returns it."""
    return {"index": index, "id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}


def fixed(calls: CustomToolCalls, *given: dict[str, Any], part: str = "delta") -> Any:  # noqa: ANN401 - it is JSON
    answer = calls.fix({"id": "x", "choices": [{"index": 0, part: {"content": None, "tool_calls": list(given)}}]})
    assert answer["id"] == "x"
    return answer["choices"][0][part]["tool_calls"]


@pytest.fixture
def calls() -> CustomToolCalls:
    return CustomToolCalls(frozenset({"g"}))


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, set()),
        ({"tools": "x"}, set()),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, set()),
        ({"tools": [{"type": "custom", "custom": {"name": "g"}}]}, {"g"}),
    ],
)
def test_a_request_tells_their_names(fields: dict[str, object], names: set[str]) -> None:
    assert read_custom_tools(fields) == names


def test_in_a_whole_answer(calls: CustomToolCalls) -> None:
    function = call(0, "f", "{}")
    custom = {"index": 1, "id": "c", "type": "custom", "custom": {"name": "g", "input": "ls"}}
    assert fixed(calls, function, call(1, "g", "ls"), part="message") == [function, custom]


def test_in_a_stream_by_the_index(calls: CustomToolCalls) -> None:
    first, *rest = (fixed(calls, call(1, name, text))[0] for name, text in (("g", ""), (None, "l"), (None, "s")))
    assert first["custom"] == {"name": "g", "input": ""}
    assert [delta["custom"] for delta in rest] == [{"input": "l"}, {"input": "s"}]
    assert {delta["index"] for delta in (first, *rest)} == {1}
    assert fixed(calls, call(0, "f", "{")) == [call(0, "f", "{")]
    assert fixed(calls, call(0, None, "}")) == [call(0, None, "}")]


def test_what_has_no_calls_stays(calls: CustomToolCalls) -> None:
    chunk = {"choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": None}]}
    assert calls.fix(chunk) == chunk

"""What a body contains is counted before it is built; source code in texts counts as text."""

import json

import pytest

from gateway.runtime.admission.cpu_share import CpuShare
from gateway.runtime.admission.json_size import check_size
from gateway.runtime.errors import RefusedError
from settings.limits import Limits
from tests.virtual_time import run

LIMITS = Limits(max_depth=8, max_items=1000, max_values=2000)
CODE = r"""if (a[i] == "x, y") { return {"k": [1, 2], '\\': "\"[{,:}]\""}; }  // \ "\\" """


async def _check(body: bytes, limits: Limits) -> None:
    async with CpuShare().turn("project", body) as turn:
        await check_size(body, limits, turn)


def refusal_of(text: str | bytes, limits: Limits = LIMITS) -> tuple[int, str] | None:
    """The status of the refusal, and what its message says about the body."""
    try:
        run(_check(text.encode() if isinstance(text, str) else text, limits))
    except RefusedError as refused:
        response = refused.response
    else:
        return None
    assert isinstance(response.body, bytes)
    return response.status, json.loads(response.body)["error"]["message"].removeprefix("The request body ")


@pytest.mark.parametrize(
    ("element", "per_element"),
    [("[]", 1), ("{}", 1), ('""', 1), ('{"a":1}', 2), ('{"a":"b"}', 3), ('[{"a":[]},{}]', 5), (r'"\"[,{\\"', 1)],
)
def test_arrays_objects_and_texts_are_bounded(element: str, per_element: int) -> None:
    most = 999 // per_element
    assert refusal_of(f"[{','.join([element] * most)}]") is None
    too_many = (413, "has more than 1000 arrays, objects and texts.")
    assert refusal_of(f"[{','.join([element] * (most + 1))}]") == too_many


def test_values_are_bounded() -> None:
    assert refusal_of(json.dumps([1] * 2000)) is None
    assert refusal_of(json.dumps([1] * 2001)) == (413, "has more than 2000 values.")


@pytest.mark.parametrize("level", ['{"a":#}', "[1,#,[]]", '[{"b":[[]],"a":#}]', '["]]]]",#]'])
def test_depth_is_bounded(level: str) -> None:
    text = "1"
    for _ in range(12):
        text = level.replace("#", text)
        assert (refusal_of(text) is None) == (_depth(json.loads(text)) <= 8), text
    assert refusal_of(text) == (400, "is nested deeper than 8 levels.")


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


@pytest.mark.parametrize("number", ["{}", "-{}", "0.{}", "1e{}", "{}.5"])
def test_the_digits_of_a_number_are_bounded(number: str) -> None:
    assert refusal_of(f"[{number.format('7' * 100)}]") is None
    assert refusal_of(f"[{number.format('1234567890' * 10 + '1')}]") == (400, "has a number of more than 100 digits.")
    assert refusal_of(json.dumps(["7" * 5000])) is None


def test_marks_inside_of_texts_do_not_count() -> None:
    assert refusal_of(json.dumps({"input": CODE * 5000, "b": [CODE] * 200})) is None


@pytest.mark.parametrize("text", ["", '"', '\\"', "[" * 5, "]" * 500, '{"a', "\\" * 9, '"\\', "\xff[,{"])
def test_what_is_no_json_is_left_to_the_parser(text: str) -> None:
    assert refusal_of(text.encode("latin-1")) is None


def test_real_requests_are_far_below_the_limits() -> None:
    tool = {"type": "function", "function": {"name": "f", "description": CODE, "parameters": {"type": "object"}}}
    call = {"id": "call", "type": "function", "function": {"name": "f", "arguments": json.dumps({"path": CODE})}}
    turn = [
        {"role": "user", "content": [{"type": "text", "text": CODE * 20}] * 2},
        {"role": "assistant", "content": CODE, "tool_calls": [call, call]},
        {"role": "tool", "tool_call_id": "call", "content": CODE},
    ]
    conversation = {"model": "m", "tools": [tool] * 60, "messages": turn * 700}
    assert refusal_of(json.dumps(conversation), Limits()) is None
    assert refusal_of(json.dumps({"input": [list(range(8192))] * 60}), Limits()) is None
    assert refusal_of(json.dumps({"input": CODE * (16_000_000 // len(CODE))}), Limits()) is None
    assert refusal_of("[" + "[]," * 240_000 + "[]]", Limits()) is not None

"""What LiteLLM gets of Azure's answers, where it would lose something."""

import json
from typing import Any

import pytest

from gateway.runtime.litellm.azure_fixes import build_azure_fix
from gateway.runtime.upstream.server_sent_events import Event, EventReader

MARK = "the-mark"
FIX = build_azure_fix(MARK)
PLACE = {"item_id": "rs_1", "sequence_number": 7}


def thought(*texts: str) -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": text} for text in texts]}


def says(**part: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [part]}


def fixed(*items: dict[str, Any]) -> list[Any]:
    data = {"object": "response", "output": list(items)}
    answer = json.loads(FIX.fix_body(json.dumps(data).encode(), data))
    assert isinstance(answer["output"], list)
    return answer["output"]


def fixed_event(data: dict[str, Any]) -> Event:
    (event,) = EventReader().feed(f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode())
    (fixed,) = EventReader().feed(FIX.fix_event(event))
    return fixed


def test_a_delta_of_a_refusal_is_a_text_with_a_mark() -> None:
    place = {**PLACE, "output_index": 1, "content_index": 0}
    event = fixed_event({"type": "response.refusal.delta", "delta": "No", **place})
    assert event.raw.startswith(b"event: response.output_text.delta\ndata: ")
    assert event.data == {"type": "response.output_text.delta", "delta": f"{MARK}No{MARK}", "logprobs": [], **place}


@pytest.mark.parametrize("place", [{"summary_index": 1, "output_index": 0}, {"summary_index": 0, "output_index": 2}])
def test_parts_of_a_summary_are_paragraphs(place: dict[str, int]) -> None:
    event = fixed_event({"type": "response.reasoning_summary_part.added", "part": {"text": ""}, **PLACE, **place})
    assert event.raw.startswith(b"event: response.reasoning_summary_text.delta\ndata: ")
    assert event.data == {"type": "response.reasoning_summary_text.delta", "delta": "\n\n", **PLACE, **place}


@pytest.mark.parametrize(
    "data",
    [
        {"type": "response.reasoning_summary_part.added", "summary_index": 0, "output_index": 0},
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": "response.completed", "response": {"output": [thought("a", "b")]}},
        {"type": "response.refusal.delta"},
        {"type": "error"},
    ],
)
def test_other_events_pass_byte_for_byte(data: dict[str, Any]) -> None:
    raw = f"data:  {json.dumps(data)}\n\n".encode()
    (event,) = EventReader().feed(raw)
    assert FIX.fix_event(event) == raw


def test_a_whole_answer_has_one_summary() -> None:
    text, call = says(type="output_text", text="x"), {"type": "function_call", "call_id": "1"}
    assert fixed(thought("a", "b"), text, thought(), thought("c"), call) == [thought("a\n\nb\n\nc"), text, call]
    assert fixed(thought(), text) == [text]


def test_a_whole_answer_has_a_refusal_as_a_text_with_a_mark() -> None:
    refused = says(type="output_text", text=f"{MARK}No{MARK}", annotations=[])  # type: ignore[arg-type]
    assert fixed(says(type="refusal", refusal="No")) == [refused]


@pytest.mark.parametrize("body", [b'{ "object": "response"}', b'{"object": "response",  "output": [7]}', b'{"id":  1}'])
def test_a_body_of_another_structure_passes_byte_for_byte(body: bytes) -> None:
    assert FIX.fix_body(body, json.loads(body)) == body


CALL = "response.function_call_arguments"
CUSTOM = "response.custom_tool_call_input"


def read(data: dict[str, Any]) -> Event:
    (event,) = EventReader().feed(f"data: {json.dumps(data)}\n\n".encode())
    return event


@pytest.mark.parametrize(("kind", "name"), [(CALL, "arguments"), (CUSTOM, "input")])
def test_arguments_without_deltas_are_one_delta(kind: str, name: str) -> None:
    fix = build_azure_fix(MARK)
    place = {"item_id": "fc_1", "output_index": 1}
    fix.fix_event(read({"type": f"{kind}.delta", "delta": "{}", "item_id": "fc_0", "output_index": 0}))
    done = {"type": f"{kind}.done", name: "{}", **place}
    (event,) = EventReader().feed(fix.fix_event(read(done)))
    assert event.data == {"type": f"{kind}.delta", "delta": "{}", **place}
    for other in ({**done, "output_index": 0}, {**done, name: "", "output_index": 2}):
        assert fix.fix_event(read(other)) == read(other).raw


@pytest.mark.parametrize("kind", [CALL, CUSTOM])
def test_an_empty_delta_of_arguments_is_left_out(kind: str) -> None:
    assert build_azure_fix(MARK).fix_event(read({"type": f"{kind}.delta", "delta": "", "output_index": 0})) == b""


@pytest.mark.parametrize("items", [[], [thought()], [thought("a")], [{"type": "message", "content": []}]])
def test_an_answer_without_content_gets_an_empty_message(items: list[dict[str, Any]]) -> None:
    assert fixed(*items)[-1]["content"] == [{"type": "output_text", "text": "", "annotations": []}]

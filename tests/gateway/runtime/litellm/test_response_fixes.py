"""What the fixes change in a response, and what they leave as it is. LiteLLM's responses are recorded ones."""

import base64
import json
from typing import Any

import pytest

from gateway.runtime.context import Surface
from gateway.runtime.litellm.response_fixes import (
    LITELLM_CHAT,
    LITELLM_RESPONSES,
    build_bridged_chat_fix,
    select_litellm_fix,
)
from gateway.runtime.upstream.response_fixes import AZURE_RESPONSES, NO_FIX, ResponseFix, select_azure_fix
from gateway.runtime.upstream.server_sent_events import Event, EventReader

from ..builders import CHAT, CODEX, EMBEDDING, build_models, build_request, build_upstream

MARK = "the-mark"
BRIDGED_CHAT = build_bridged_chat_fix(MARK)
CHATS = [BRIDGED_CHAT, LITELLM_CHAT]
FIXES = [NO_FIX, AZURE_RESPONSES, *CHATS, LITELLM_RESPONSES]
AZURES_ID = "resp_cfe2a51d3b2271b4"
LITELLMS_ID = (
    "resp_"
    + base64.b64encode(f"litellm:custom_llm_provider:azure;model_id:a754;response_id:{AZURES_ID}".encode()).decode()
)
USAGE = {"prompt_tokens": 23, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 11}}
FIRST, SECOND = ({"id": f"call_{n}", "type": "function", "function": {"name": n, "arguments": "{}"}} for n in "ab")


def read(raw: bytes) -> Event:
    (event,) = EventReader().feed(raw)
    return event


def event_of(data: object, *, name: str = "") -> Event:
    head = f"event: {name}\n" if name else ""
    return read(f"{head}data: {json.dumps(data)}\n\n".encode())


def fixed(fix: ResponseFix, data: object) -> dict[str, Any]:
    """What the client's parser makes of a whole answer."""
    fields: dict[str, Any] = json.loads(fix.fix_body(json.dumps(data).encode(), data))
    return fields


def fixed_event(fix: ResponseFix, data: object) -> dict[str, Any]:
    """The same of an event."""
    fields = read(fix.fix_event(event_of(data))).data
    assert isinstance(fields, dict)
    return fields


def completion(*choices: dict[str, Any], **fields: object) -> dict[str, Any]:
    return {"id": AZURES_ID, "object": "chat.completion", "model": CODEX, "choices": list(choices), **fields}


def chunk(*choices: dict[str, Any], **fields: object) -> dict[str, Any]:
    return {**completion(*choices, **fields), "object": "chat.completion.chunk"}


def choice_of(index: int = 0, finish_reason: str = "stop", **message: object) -> dict[str, Any]:
    return {"index": index, "finish_reason": finish_reason, "message": {"role": "assistant", **message}}


def test_what_is_written_anew_keeps_integers_that_orjson_rounds() -> None:
    body = json.dumps(completion(choice_of(content="a"), choice_of(content="b"), seed=2**64)).encode()
    data = json.loads(body) | {"seed": float(2**64)}
    assert b'"seed":18446744073709551616' in BRIDGED_CHAT.fix_body(body, data)


@pytest.mark.parametrize("fix", FIXES)
@pytest.mark.parametrize(
    "raw",
    [
        b": a comment\n\n",
        b"data: [1]\n\n",
        b'event: error\ndata: {"error": null, "type": "error"}\n\n',
        b'event: x\r\ndata: {"choices":  [],\r\ndata: "object": "chat.completion.chunk", "type": "x"}\r\n\r\n',
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"\xc3\xa9\\ud800"}\n\n',
        b'event: y\ndata: {"type": "y", "choices": [{"finish_reason": null, "delta": {"content": "\\u00e9"}}]}\n\n',
        b'event: z\ndata: {"type": "z", "choices": [{"index": 0, "delta": null}], "response": null}\n\n',
        b'event: z\ndata: {"type": "z", "choices": 1, "response": {"id": 1}}\n\n',
        b'event: response.function_call_arguments.delta\ndata: {"type":"response.function_call_arguments.delta"}\n\n',
    ],
)
def test_an_event_that_needs_nothing_passes_byte_for_byte(fix: ResponseFix, raw: bytes) -> None:
    assert fix.fix_event(read(raw)) == raw


@pytest.mark.parametrize("fix", FIXES)
@pytest.mark.parametrize("body", [b" []", b'{ "choices": [] }', b'{"object":  "response"}', b'{"choices":  [{}, 1]}'])
def test_a_body_that_needs_nothing_or_is_something_else_passes_byte_for_byte(fix: ResponseFix, body: bytes) -> None:
    assert fix.fix_body(body, json.loads(body)) == body


@pytest.mark.parametrize("fix", [AZURE_RESPONSES, LITELLM_RESPONSES])
def test_the_arguments_of_parallel_calls_are_told_apart(fix: ResponseFix) -> None:
    kind = "response.function_call_arguments.delta"
    data = {"type": kind, "item_id": "fc_1", "output_index": 3, "delta": '{"é', "sequence_number": 21}
    event = fix.fix_event(event_of(data, name=kind))
    assert event.startswith(b"event: response.function_call_arguments.delta\ndata: {")
    assert event.endswith(b"}\n\n")
    assert read(event).data == {**data, "index": 3}


def test_an_index_that_is_there_stays() -> None:
    data = {"type": "response.function_call_arguments.delta", "output_index": 3, "index": 1, "delta": ""}
    assert fixed_event(AZURE_RESPONSES, data) == data


def test_text_and_calls_are_one_message() -> None:
    answer = completion(
        choice_of(content="Let me ", refusal=None),
        choice_of(1, content="check.", annotations=[]),
        choice_of(2, "tool_calls", content=None, tool_calls=[{**FIRST, "index": 0}, {**SECOND, "index": 0}]),
    )
    assert fixed(BRIDGED_CHAT, answer)["choices"] == [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {
                "role": "assistant",
                "content": "Let me check.",
                "refusal": None,
                "annotations": [],
                "tool_calls": [{**FIRST, "index": 0}, {**SECOND, "index": 1}],
            },
        }
    ]


def test_calls_without_text_have_null_and_calls_without_index_none() -> None:
    (choice,) = fixed(BRIDGED_CHAT, completion(choice_of(tool_calls=[FIRST, SECOND], content=None), usage=USAGE))[
        "choices"
    ]
    assert choice["message"] == {"role": "assistant", "content": None, "tool_calls": [FIRST, SECOND]}


def test_a_cut_answer_stays_one() -> None:
    answer = completion(choice_of(0, "length", content="a"), choice_of(1, "length", content="b"))
    (choice,) = fixed(BRIDGED_CHAT, answer)["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("length", "ab")


@pytest.mark.parametrize("fix", CHATS)
def test_the_figures_of_a_stream_come_without_a_choice_and_without_a_guessed_price(fix: ResponseFix) -> None:
    usage = fixed_event(fix, chunk({"index": 0, "delta": {}}, usage={**USAGE, "cost": 0.1}))
    assert usage["choices"] == []
    assert usage["usage"] == {**USAGE, "cache_read_input_tokens": 11}


def test_the_answers_that_a_chat_model_gives_stay_several() -> None:
    answer = completion(choice_of(0, content="a"), choice_of(1, content="b"), usage=USAGE)
    assert fixed(LITELLM_CHAT, answer)["choices"] == answer["choices"]


@pytest.mark.parametrize(
    "choice", [{"delta": {"content": "x"}, "finish_reason": None}, {"delta": {}, "finish_reason": "stop"}]
)
def test_figures_beside_a_choice_that_says_something_leave_it_there(choice: dict[str, Any]) -> None:
    assert fixed_event(LITELLM_CHAT, chunk(choice, usage=USAGE))["choices"] == [choice]


@pytest.mark.parametrize("details", [None, {}, {"cached_tokens": None}])
def test_no_cached_tokens_are_made_up(details: object) -> None:
    usage = {"prompt_tokens": 1, "prompt_tokens_details": details}
    assert fixed(LITELLM_CHAT, completion(choice_of(content="a"), usage=usage))["usage"] == usage


def test_cached_tokens_that_litellm_names_stay() -> None:
    usage = {**USAGE, "cache_read_input_tokens": 7}
    assert fixed(LITELLM_CHAT, completion(choice_of(content="a"), usage=usage))["usage"] == usage


def test_fields_that_litellm_puts_aside_are_where_openai_has_them() -> None:
    choice = {**choice_of(content=None), "provider_specific_fields": {"content_filter_results": {"hate": {}}}}
    choice["message"]["provider_specific_fields"] = {"refusal": "I cannot help with that.", "role": "nobody"}
    answer = fixed(LITELLM_CHAT, completion(choice, provider_specific_fields={"service_tier": "default"}))
    assert answer["service_tier"] == "default"
    assert answer["choices"] == [
        {
            "index": 0,
            "finish_reason": "stop",
            "content_filter_results": {"hate": {}},
            "message": {"role": "assistant", "content": None, "refusal": "I cannot help with that."},
        }
    ]
    assert "provider_specific_fields" not in json.dumps(answer)


def test_the_items_of_one_regions_reasoning_do_not_reach_the_history_of_a_client() -> None:
    items = [{"type": "reasoning", "id": "rs_1", "summary": []}]
    answer = fixed(LITELLM_CHAT, completion(choice_of(content="a", reasoning_content="hm", reasoning_items=items)))
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "a", "reasoning_content": "hm"}
    part = fixed_event(LITELLM_CHAT, chunk({"index": 0, "delta": {"reasoning_items": items, "content": ""}}))
    assert part["choices"] == [{"index": 0, "delta": {"content": ""}, "finish_reason": None}]


@pytest.mark.parametrize("fix", CHATS)
def test_a_choice_that_has_not_finished_says_so(fix: ResponseFix) -> None:
    (choice,) = fixed_event(fix, chunk({"index": 0, "delta": {"content": "x"}}))["choices"]
    assert choice == {"index": 0, "delta": {"content": "x"}, "finish_reason": None}


def test_every_part_of_a_summary_is_of_the_one_choice() -> None:
    (choice,) = fixed_event(BRIDGED_CHAT, chunk({"index": 1, "delta": {"reasoning_content": "Hm."}}))["choices"]
    assert choice["index"] == 0


def test_a_marked_text_is_a_refusal() -> None:
    (choice,) = fixed(BRIDGED_CHAT, completion(choice_of(content=f"{MARK}I cannot.{MARK}")))["choices"]
    assert choice["message"] == {"role": "assistant", "content": None, "refusal": "I cannot."}
    (choice,) = fixed(BRIDGED_CHAT, completion(choice_of(content="Hm. "), choice_of(1, content=f"{MARK}No.{MARK}")))[
        "choices"
    ]
    assert choice["message"] == {"role": "assistant", "content": "Hm. ", "refusal": "No."}
    (choice,) = fixed(BRIDGED_CHAT, completion(choice_of(content=f"{MARK}No.{MARK}Or so.")))["choices"]
    assert choice["message"] == {"role": "assistant", "content": "Or so.", "refusal": "No."}


def test_so_it_is_in_a_stream_with_merged_deltas() -> None:
    (choice,) = fixed_event(BRIDGED_CHAT, chunk({"delta": {"content": f"{MARK}I {MARK}{MARK}cannot.{MARK}"}}))[
        "choices"
    ]
    assert choice["delta"] == {"content": None, "refusal": "I cannot."}


def test_only_the_mark_of_the_request_makes_a_refusal() -> None:
    request = build_request({}, surface=Surface.CHAT, model=build_models(build_upstream("first"))[CODEX])
    fix, mark = select_litellm_fix(request), request.context.inner.refusal_mark
    assert mark != build_request({}).context.inner.refusal_mark
    for text, refusal in ((f"{mark}No{mark}", "No"), (f"{MARK}No{MARK}", None)):
        (choice,) = fixed(fix, completion(choice_of(content=text)))["choices"]
        assert choice["message"].get("refusal") == refusal


def test_an_unpaired_surrogate_survives() -> None:
    answer = fixed(BRIDGED_CHAT, completion(choice_of(content="\ud800é"), choice_of(1, content="")))
    assert answer["choices"][0]["message"]["content"] == "\ud800é"


def test_a_response_has_azures_id_and_all_that_is_null() -> None:
    usage = {"input_tokens": 2, "cost": None}
    answer = fixed(LITELLM_RESPONSES, {"object": "response", "id": LITELLMS_ID, "usage": usage, "error": {"code": 1}})
    assert answer["id"] == AZURES_ID
    assert answer["usage"] == {"input_tokens": 2}
    assert answer["error"] == {"code": 1}
    assert answer["incomplete_details"] is answer["instructions"] is answer["previous_response_id"] is None


def test_so_has_a_response_in_a_stream_and_the_model_is_the_clients() -> None:
    response = {"object": "response", "id": LITELLMS_ID, "model": CODEX, "status": "in_progress"}
    data = {"type": "response.created", "response": response, "model": "translated-codex", "sequence_number": 0}
    event = LITELLM_RESPONSES.fix_event(event_of(data))
    assert event.startswith(b"event: response.created\ndata: {")
    answer = fixed_event(LITELLM_RESPONSES, data)
    assert answer["response"]["id"] == AZURES_ID
    assert answer["response"]["model"] == "translated-codex"
    assert answer["response"]["usage"] is None
    nameless = fixed_event(LITELLM_RESPONSES, {"type": "response.created", "response": response})
    assert nameless["response"]["model"] == CODEX


@pytest.mark.parametrize("response_id", [AZURES_ID, "resp_bGl0ZWxsbTphOzo=", "resp_bGl0ZWxsbT!"])
def test_an_id_that_wraps_no_other_stays(response_id: str) -> None:
    assert fixed(LITELLM_RESPONSES, {"object": "response", "id": response_id})["id"] == response_id


def test_the_events_of_a_translated_response_have_names_and_no_chats_end() -> None:
    raw = b'data: {"type": "response.output_text.delta", "delta": "x", "model": "m"}\n\n'
    assert LITELLM_RESPONSES.fix_event(read(raw)) == b"event: response.output_text.delta\n" + raw
    assert LITELLM_RESPONSES.fix_event(read(b"data: [DONE]\n\n")) == b""
    assert LITELLM_CHAT.fix_event(read(b"data: [DONE]\n\n")) == b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("surface", "model", "fix"),
    [
        (Surface.RESPONSES, CODEX, LITELLM_RESPONSES),
        (Surface.CHAT, CHAT, LITELLM_CHAT),
        (Surface.EMBEDDINGS, EMBEDDING, NO_FIX),
    ],
)
def test_litellms_responses_are_fixed_by_surface_and_model(surface: Surface, model: str, fix: ResponseFix) -> None:
    request = build_request({}, surface=surface, model=build_models(build_upstream("first"))[model])
    assert select_litellm_fix(request) is fix


@pytest.mark.parametrize(
    ("surface", "fix"),
    [
        (Surface.RESPONSES, AZURE_RESPONSES),
        (Surface.COMPACT, NO_FIX),
        (Surface.CHAT, NO_FIX),
        (Surface.EMBEDDINGS, NO_FIX),
    ],
)
def test_azures_responses_are_fixed_by_surface(surface: Surface, fix: ResponseFix) -> None:
    assert select_azure_fix(build_request({}, surface=surface)) is fix

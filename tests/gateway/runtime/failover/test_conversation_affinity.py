"""Which region a conversation belongs to."""

import json

import pytest

from gateway.runtime.context import Response
from gateway.runtime.failover.conversation_affinity import (
    ConversationAffinity,
    is_unknown_conversation,
    read_affinity_keys,
    response_key,
)


def keys_of(fields: dict[str, object], project: str = "team") -> tuple[bytes, ...]:
    return read_affinity_keys(fields, project)


def reasoning(content: object) -> dict[str, object]:
    return {"type": "reasoning", "summary": [], "encrypted_content": content}


def test_a_request_is_identified_by_what_it_continues() -> None:
    keys = keys_of({"input": [reasoning("a"), {"role": "user", "content": "hi"}, reasoning("b"), "text", None]})
    assert keys == keys_of({"input": [reasoning("b")]}) + keys_of({"input": [reasoning("a")]})
    assert [len(key) for key in keys] == [16, 16]
    assert len(set(keys)) == 2


def test_an_item_that_quotes_a_response_is_not_that_response() -> None:
    assert response_key("team", "resp_1") not in keys_of({"input": [reasoning("resp_1")]})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"input": "encrypted_content"},
        {"previous_response_id": None, "input": None},
        {"input": [reasoning(7), {"type": "reasoning"}]},
    ],
)
def test_most_requests_may_go_to_any_region(fields: dict[str, object]) -> None:
    assert keys_of(fields) == ()


def test_only_the_newest_items_of_a_request_count() -> None:
    items = [reasoning(str(number)) for number in range(1000)]
    keys = keys_of({"input": items})
    assert len(keys) == 32
    assert keys[0] == keys_of({"input": items[-1:]})[0]


def test_an_unpaired_surrogate_is_text_as_well() -> None:
    assert keys_of({"input": [reasoning("\ud800")]})


WHOLE = {
    "id": "resp_1",
    "output": [reasoning("sealed"), {"type": "message"}, {"type": "compaction", "encrypted_content": "compacted"}],
}


@pytest.mark.parametrize("data", [WHOLE, {"type": "response.completed", "response": WHOLE}])
def test_what_a_region_has_answered_belongs_to_it(data: dict[str, object]) -> None:
    affinity = ConversationAffinity()
    affinity.learn(data, "second", "team")
    assert affinity.region_of((response_key("team", "resp_1"),)) == "second"
    assert affinity.region_of(keys_of({"input": [reasoning("sealed")]})) == "second"
    assert affinity.region_of(keys_of({"input": [reasoning("compacted")]})) == "second"
    assert affinity.region_of((response_key("team", "resp_2"),)) is None


def test_it_is_known_before_a_stream_ends() -> None:
    affinity = ConversationAffinity()
    affinity.learn({"type": "response.created", "response": {"id": "resp_1", "output": []}}, "second", "team")
    affinity.learn({"type": "response.output_item.done", "item": reasoning("sealed")}, "second", "team")
    affinity.learn({"type": "response.output_text.delta", "delta": "x"}, "third", "team")
    affinity.learn({"type": "response.failed", "response": None}, "third", "team")
    assert affinity.region_of((response_key("team", "resp_1"),)) == "second"
    assert affinity.region_of(keys_of({"input": [reasoning("sealed")]})) == "second"


def test_what_one_project_has_is_unknown_to_others() -> None:
    affinity = ConversationAffinity()
    affinity.learn(WHOLE, "second", "team")
    assert affinity.region_of((response_key("others", "resp_1"),)) is None
    assert affinity.region_of(keys_of({"input": [reasoning("sealed")]}, "others")) is None


def test_a_response_that_is_not_kept_is_not_remembered() -> None:
    affinity = ConversationAffinity()
    affinity.learn(WHOLE | {"store": False}, "second", "team")
    assert affinity.region_of((response_key("team", "resp_1"),)) is None
    assert affinity.region_of(keys_of({"input": [reasoning("sealed")]})) == "second"


def test_the_newest_that_is_known_decides() -> None:
    affinity = ConversationAffinity()
    affinity.learn({"item": reasoning("old")}, "first", "team")
    affinity.learn({"item": reasoning("new")}, "second", "team")
    assert (
        affinity.region_of(keys_of({"input": [reasoning("old"), reasoning("new"), reasoning("unknown")]})) == "second"
    )


def test_the_least_recently_used_is_forgotten_first() -> None:
    affinity = ConversationAffinity(max_entries=2)
    one, two, three = ((response_key("team", name),) for name in ("1", "2", "3"))
    affinity.remember(one[0], "first")
    affinity.remember(two[0], "first")
    assert affinity.region_of(one) == "first"
    affinity.remember(three[0], "first")
    assert [affinity.region_of(keys) for keys in (one, two, three)] == ["first", None, "first"]


def refusal(status: int, body: object) -> Response:
    return Response(status=status, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("answer", "elsewhere"),
    [
        (refusal(400, {"error": {"code": "previous_response_not_found"}}), True),
        (refusal(400, {"error": {"code": "invalid_encrypted_content"}}), True),
        (refusal(404, {"error": {"code": "previous_response_not_found"}}), True),
        (refusal(401, {"error": {"code": "previous_response_not_found"}}), False),
        (refusal(400, {"error": {"code": "content_filter"}}), False),
        (refusal(400, {"error": {"code": ["invalid_encrypted_content"]}}), False),
        (refusal(400, {"error": "text"}), False),
        (refusal(400, []), False),
        (Response(status=400, body=b"<html>"), False),
    ],
)
def test_a_region_says_when_it_knows_nothing_of_a_conversation(answer: Response, elsewhere: bool) -> None:  # noqa: FBT001
    assert is_unknown_conversation(answer) is elsewhere

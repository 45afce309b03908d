"""Turns that build on earlier ones: stored responses, encrypted reasoning, compaction."""

import pytest
from openai import BadRequestError, NotFoundError
from openai.types.responses import CompactedResponse
from starlette.testclient import TestClient

from local.emulator import encrypted_content, response_store
from tests.emulator.process import CODEX, RESPONSES_PATH, Emulator

_TOOL = {"type": "function", "name": "read", "parameters": {}}
_ENCRYPTED = {"store": False, "include": ["reasoning.encrypted_content"], "reasoning": {"effort": "low"}}


def test_a_stored_response_can_be_read_continued_and_deleted(emulator: Emulator) -> None:
    responses = emulator.responses.responses
    first = responses.create(model=CODEX, input="hi")
    assert responses.retrieve(first.id).output_text == first.output_text
    second = responses.create(model=CODEX, input="again", previous_response_id=first.id)
    assert second.previous_response_id == first.id
    responses.delete(first.id)
    with pytest.raises(NotFoundError, match="not found"):
        responses.retrieve(first.id)
    with pytest.raises(NotFoundError):
        responses.delete(first.id)


def test_a_response_that_was_not_to_be_stored_is_not(emulator: Emulator) -> None:
    response = emulator.responses.responses.create(model=CODEX, input="hi", store=False)
    with pytest.raises(BadRequestError) as raised:
        emulator.responses.responses.create(model=CODEX, input="hi", previous_response_id=response.id)
    assert raised.value.code == "previous_response_not_found"
    assert raised.value.param == "previous_response_id"


def test_a_call_of_a_stored_response_is_answered_in_the_next_turn(client: TestClient) -> None:
    body = {"model": CODEX, "tools": [_TOOL]}
    first = client.post(RESPONSES_PATH, json={**body, "input": "use tool"}).json()
    call_id = first["output"][0]["call_id"]
    next_turn = {**body, "previous_response_id": first["id"]}
    output = {"type": "function_call_output", "call_id": call_id, "output": "done"}
    assert client.post(RESPONSES_PATH, json={**next_turn, "input": [output]}).status_code == 200
    unanswered = client.post(RESPONSES_PATH, json={**next_turn, "input": "never mind"})
    assert unanswered.status_code == 400
    assert unanswered.json()["error"]["message"] == f"No tool output found for function call {call_id}."


def test_encrypted_reasoning_is_accepted_by_its_region(emulator: Emulator) -> None:
    first = emulator.responses.responses.create(model=CODEX, input="hi", **_ENCRYPTED)  # type: ignore[call-overload]
    history = [{"role": "user", "content": "hi"}, *(item.model_dump(exclude_none=True) for item in first.output)]
    turn = [*history, {"role": "user", "content": "echo: second"}]
    second = emulator.responses.responses.create(model=CODEX, input=turn, **_ENCRYPTED)  # type: ignore[call-overload]
    assert second.output_text == "second"
    assert second.output[0].encrypted_content != first.output[0].encrypted_content


@pytest.mark.parametrize(
    "content",
    [
        encrypted_content.encrypt(region="elsewhere", item_id="rs_1"),
        encrypted_content.encrypt(region="local", item_id="rs_2"),
        encrypted_content.encrypt(region="local", item_id="rs_1")[:-6],
        "x",
        "é",
        7,
        {},
    ],
)
def test_reasoning_of_another_region_or_item_or_garbled_is_refused(client: TestClient, content: object) -> None:
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": content}
    body = {"model": CODEX, "input": [reasoning, {"role": "user", "content": "hi"}], **_ENCRYPTED}
    answer = client.post(RESPONSES_PATH, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_encrypted_content"


def test_what_an_item_is_added_with_is_not_all_of_its_encrypted_content(emulator: Emulator) -> None:
    events = emulator.events({"input": "hi", **_ENCRYPTED})
    items = [
        event.item for event in events if event.type in ("response.output_item.added", "response.output_item.done")
    ]
    added, done = (item.encrypted_content for item in items if item.type == "reasoning")
    assert done.startswith(added)
    assert len(done) > len(added)


@pytest.mark.parametrize("fields", [{"id": "rs_1"}, {}])
@pytest.mark.parametrize("following", [[], [{"role": "user", "content": "hi"}]])
def test_reasoning_without_what_came_of_it_is_refused(
    client: TestClient, fields: dict[str, str], following: list[object]
) -> None:
    answer = client.post(
        RESPONSES_PATH,
        json={"model": CODEX, "input": [{"type": "reasoning", "summary": [], **fields}, *following], **_ENCRYPTED},
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith("was provided without its required following item.")


def test_a_conversation_can_be_compacted_and_continued(client: TestClient) -> None:
    history = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "answer"},
        {"role": "user", "content": [{"type": "input_text", "text": "second"}]},
    ]
    path = RESPONSES_PATH.replace("responses", "responses/compact")
    compacted = client.post(path, json={"model": CODEX, "input": history}).json()
    assert compacted["object"] == "response.compaction"
    assert set(CompactedResponse.model_fields) - {"image"} <= set(compacted)
    assert [item["type"] for item in compacted["output"]] == ["message", "message", "compaction"]
    turn = [*compacted["output"], {"role": "user", "content": "echo: third"}]
    continued = client.post(RESPONSES_PATH, json={"model": CODEX, "input": turn}).json()
    assert continued["output"][0]["content"][0]["text"] == "third"
    assert len(client.post(path, json={"model": CODEX, "input": "only"}).json()["output"]) == 2


def test_what_another_region_compacted_is_refused(client: TestClient) -> None:
    compaction = {
        "type": "compaction",
        "id": "cmp_1",
        "encrypted_content": encrypted_content.encrypt(region="elsewhere", item_id="cmp_1"),
    }
    incomplete = {"type": "compaction", "id": "cmp_1"}
    for item, code in ((compaction, "invalid_encrypted_content"), (incomplete, "missing_required_parameter")):
        answer = client.post(RESPONSES_PATH, json={"model": CODEX, "input": [item]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_the_oldest_stored_response_goes_first() -> None:
    kept = response_store.ResponseStore()
    for number in range(2001):
        kept.add({"id": f"resp_{number}"})
    assert kept.get("resp_1") == {"id": "resp_1"}
    assert kept.previous("resp_2000") == {"id": "resp_2000"}
    with pytest.raises(Exception, match="'resp_0' not found"):
        kept.get("resp_0")

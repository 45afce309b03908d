"""What follows the id of a stored response, counting tokens, and the v1 form of all paths."""

from typing import Any

import pytest
from openai import BadRequestError, NotFoundError
from starlette.testclient import TestClient

from tests.emulator.process import CHAT, CODEX, EMBEDDING, RESPONSES_PATH, Emulator

_STORED = RESPONSES_PATH.replace("?", "/{}{}?")


def test_input_items_are_listed_in_pages(emulator: Emulator) -> None:
    responses = emulator.responses.responses
    turns: Any = [{"role": "user", "content": f"turn {number}"} for number in range(5)]
    response = responses.create(model=CODEX, input=turns)
    newest_first = [item.content[0].text for item in responses.input_items.list(response.id, limit=2)]  # type: ignore[union-attr,index]
    assert newest_first == [f"turn {number}" for number in (4, 3, 2, 1, 0)]
    page = responses.input_items.list(response.id, order="asc", limit=2)
    assert ([item.content[0].text for item in page.data], page.has_more) == (["turn 0", "turn 1"], True)  # type: ignore[union-attr,index]
    with pytest.raises(NotFoundError):
        responses.input_items.list("resp_1")


def test_a_text_is_one_input_item(emulator: Emulator) -> None:
    response = emulator.responses.responses.create(model=CODEX, input="hi")
    (item,) = emulator.responses.responses.input_items.list(response.id)
    assert (item.type, item.role) == ("message", "user")  # type: ignore[union-attr]


def test_a_background_stream_goes_on_after_any_event(emulator: Emulator) -> None:
    responses = emulator.responses.responses
    queued = responses.create(model=CODEX, input="count to 3", background=True)
    events = list(responses.retrieve(queued.id, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    rest = list(responses.retrieve(queued.id, stream=True, starting_after=5))
    assert [event.sequence_number for event in rest] == list(range(6, len(events)))
    assert rest[-1].type == "response.completed"
    assert responses.retrieve(queued.id).status == "completed"


def test_another_response_is_not_streamed_again(emulator: Emulator) -> None:
    response = emulator.responses.responses.create(model=CODEX, input="hi")
    with pytest.raises(BadRequestError, match="not a background response"):
        emulator.responses.responses.retrieve(response.id, stream=True)


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [("GET", "", "limit=1"), ("GET", "", "x"), ("GET", "/input_items", "stream=true"), ("DELETE", "", "include=x")]
    + [("GET", "/input_items", query) for query in ("limit=0", "limit=101", "limit=x", "order=up")],
)
def test_another_query_is_refused(client: TestClient, method: str, path: str, query: str) -> None:
    response = client.post(RESPONSES_PATH, json={"model": CODEX, "input": "hi"}).json()
    assert client.request(method, f"{_STORED.format(response['id'], path)}&{query}").status_code == 400


def test_tokens_are_counted_with_those_of_the_previous_response(emulator: Emulator) -> None:
    responses = emulator.responses.responses
    alone = responses.input_tokens.count(model=CODEX, input="one two three")
    assert (alone.object, alone.input_tokens) == ("response.input_tokens", 3)
    previous = responses.create(model=CODEX, input="hi")
    assert previous.usage is not None
    after = responses.input_tokens.count(model=CODEX, input="one two three", previous_response_id=previous.id)
    assert after.input_tokens == 3 + previous.usage.total_tokens
    with pytest.raises(BadRequestError, match="Unknown parameter: 'stream'"):
        responses.input_tokens.count(model=CODEX, input="hi", extra_body={"stream": True})


_BODIES: dict[str, dict[str, Any]] = {
    "responses": {"model": CODEX, "input": "hi"},
    "responses/input_tokens": {"model": CODEX, "input": "hi"},
    "embeddings": {"model": EMBEDDING, "input": "hi"},
    "chat/completions": {"model": CHAT, "messages": [{"role": "user", "content": "hi"}]},
}


@pytest.mark.parametrize("path", _BODIES)
def test_the_v1_form_names_the_deployment_in_the_body_and_no_version(client: TestClient, path: str) -> None:
    assert client.post(f"/openai/v1/{path}", json=_BODIES[path]).status_code == 200
    assert client.post(f"/openai/v1/{path}?api-version=preview", json=_BODIES[path]).status_code == 200
    dated = client.post(f"/openai/v1/{path}?api-version=2025-04-01-preview", json=_BODIES[path])
    assert (dated.status_code, "not allowed" in dated.text) == (400, True)
    without = {name: value for name, value in _BODIES[path].items() if name != "model"}
    assert client.post(f"/openai/v1/{path}", json=without).json()["error"]["param"] == "model"
    unknown = client.post(f"/openai/v1/{path}", json={**_BODIES[path], "model": "x"})
    assert unknown.json()["error"]["code"] == "DeploymentNotFound"


def test_a_dated_path_has_no_version_v1(client: TestClient) -> None:
    path = RESPONSES_PATH.partition("?")[0]
    for query in ("", "?api-version=v1"):
        assert client.post(path + query, json=_BODIES["responses"]).status_code == 404


def test_a_response_of_one_form_is_stored_for_the_other(client: TestClient) -> None:
    response = client.post("/openai/v1/responses", json=_BODIES["responses"]).json()
    assert client.get(_STORED.format(response["id"], "")).json() == response
    assert client.get(f"/openai/v1/responses/{response['id']}").json() == response

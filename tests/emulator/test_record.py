"""What the emulator says it received."""

import pytest
from starlette.testclient import TestClient

from local.emulator import record
from local.emulator.plane import DataPlane
from tests.emulator.process import EMBEDDINGS_PATH, KEY, RESPONSES_PATH, Running


def test_a_request_is_recorded_as_it_came(emulator: Running) -> None:
    emulator.http.post(EMBEDDINGS_PATH, json={"input": "hi"}, headers={"X-Trace": "Abc"})
    (entry,) = emulator.received()
    assert entry["method"] == "POST"
    assert entry["path"] == "/openai/deployments/text-embedding-3-large/embeddings"
    assert entry["query"] == {"api-version": "2023-05-15"}
    assert entry["headers"]["api-key"] == KEY
    assert entry["headers"]["x-trace"] == "Abc"
    assert entry["body"] == {"input": "hi"}
    assert (entry["status"], entry["fault"], entry["surface"]) == (200, None, "embeddings")


def test_half_a_surrogate_pair_is_told_as_it_came(emulator: Running) -> None:
    emulator.http.post(RESPONSES_PATH, content=rb'{"input": "\ud800"}')
    (entry,) = emulator.received()
    assert entry["body"] == {"input": "\ud800"}


def test_numbers_go_on_when_requests_are_forgotten(emulator: Running) -> None:
    emulator.http.post(RESPONSES_PATH, content=b"not json \xff")
    emulator.http.get("/nowhere")
    first, second = emulator.received()
    assert (first["status"], first["body"], first["surface"]) == (400, "not json \ufffd", "responses")
    assert (second["status"], second["body"], second["surface"]) == (404, None, "other")
    assert second["n"] == first["n"] + 1
    assert emulator.control.delete("/requests").json() == []
    emulator.http.get("/nowhere")
    assert [entry["n"] for entry in emulator.received()] == [second["n"] + 1]


def test_a_strange_host_does_not_change_the_recorded_path(client: TestClient, plane: DataPlane) -> None:
    client.get("/nowhere", headers={"host": "evil/?"})
    assert plane.records.as_json()[0]["path"] == "/nowhere"


def test_the_record_is_bounded(client: TestClient, plane: DataPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "_MAX_ENTRIES", 3)
    for _ in range(5):
        client.get("/nowhere")
    assert [entry["n"] for entry in plane.records.as_json()] == [3, 4, 5]
    monkeypatch.setattr(record, "_MAX_BYTES", 10)
    client.post("/nowhere", content=b"x" * 8)
    client.post("/nowhere", content=b"x" * 8)
    assert [entry["n"] for entry in plane.records.as_json()] == [7]


def test_the_data_port_does_not_tell_and_the_control_port_does_not_answer(emulator: Running) -> None:
    assert emulator.http.get("/requests").status_code == 404
    assert emulator.control.post(EMBEDDINGS_PATH, json={"input": "hi"}).status_code == 404

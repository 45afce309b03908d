"""The requests that the control plane reports."""

import pytest
from starlette.testclient import TestClient

from local.emulator import request_log
from local.emulator.data_plane import DataPlane
from tests.emulator.process import EMBEDDINGS_PATH, KEY, RESPONSES_PATH, Emulator


def test_a_request_is_recorded_as_it_came(emulator: Emulator) -> None:
    emulator.http.post(EMBEDDINGS_PATH, json={"input": "hi"}, headers={"X-Trace": "Abc"})
    (entry,) = emulator.requests()
    assert entry["method"] == "POST"
    assert entry["path"] == "/openai/deployments/text-embedding-3-large/embeddings"
    assert entry["query"] == {"api-version": "2023-05-15"}
    assert entry["headers"]["api-key"] == KEY
    assert entry["headers"]["x-trace"] == "Abc"
    assert entry["body"] == {"input": "hi"}
    assert (entry["status"], entry["fault"], entry["surface"]) == (200, None, "embeddings")


def test_half_a_surrogate_pair_is_reported_as_it_came(emulator: Emulator) -> None:
    emulator.http.post(RESPONSES_PATH, content=rb'{"input": "\ud800"}')
    (entry,) = emulator.requests()
    assert entry["body"] == {"input": "\ud800"}


def test_numbers_go_on_when_requests_are_cleared(emulator: Emulator) -> None:
    emulator.http.post(RESPONSES_PATH, content=b"not json \xff")
    emulator.http.get("/nowhere")
    first, second = emulator.requests()
    assert (first["status"], first["body"], first["surface"]) == (400, "not json \ufffd", "responses")
    assert (second["status"], second["body"], second["surface"]) == (404, None, "other")
    assert second["n"] == first["n"] + 1
    assert emulator.control.delete("/requests").json() == []
    emulator.http.get("/nowhere")
    assert [entry["n"] for entry in emulator.requests()] == [second["n"] + 1]


def test_an_invalid_host_does_not_change_the_recorded_path(client: TestClient, plane: DataPlane) -> None:
    client.get("/nowhere", headers={"host": "evil/?"})
    assert plane.requests.as_json()[0]["path"] == "/nowhere"


def test_the_log_is_limited(client: TestClient, plane: DataPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "_MAX_REQUESTS", 3)
    for _ in range(5):
        client.get("/nowhere")
    assert [entry["n"] for entry in plane.requests.as_json()] == [3, 4, 5]
    monkeypatch.setattr(request_log, "_MAX_BYTES", 10)
    client.post("/nowhere", content=b"x" * 8)
    client.post("/nowhere", content=b"x" * 8)
    assert [entry["n"] for entry in plane.requests.as_json()] == [7]


def test_each_plane_has_only_its_own_paths(emulator: Emulator) -> None:
    assert emulator.http.get("/requests").status_code == 404
    assert emulator.control.post(EMBEDDINGS_PATH, json={"input": "hi"}).status_code == 404

"""The requests that the control plane reports."""

import json
from contextlib import suppress

import httpx
import pytest
from starlette.testclient import TestClient

from local.emulator import request_log
from local.emulator.data_plane import DataPlane
from tests.emulator.process import CHAT_PATH, CODEX, EMBEDDINGS_PATH, KEY, RESPONSES_PATH, Emulator


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


@pytest.mark.parametrize("stream", [False, True])
def test_the_usage_that_an_answer_reports_is_recorded(emulator: Emulator, *, stream: bool) -> None:
    answer = emulator.http.post(RESPONSES_PATH, json={"model": CODEX, "input": "count to 3", "stream": stream})
    usage = emulator.requests()[-1]["usage"]
    assert usage["output_tokens"] > 0
    assert json.dumps(usage, separators=(",", ":")) in answer.text
    emulator.http.post(EMBEDDINGS_PATH, json={"input": "x" * 40})
    assert emulator.requests()[-1]["usage"] == {"prompt_tokens": 10, "total_tokens": 10}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["429", "cut_mid_stream", "malformed_json", "wrong_content_type", "error_event"])
def test_an_answer_that_fails_before_it_reports_its_usage_has_none(
    emulator: Emulator, fault: str, *, stream: bool
) -> None:
    emulator.fail(fault)
    with suppress(httpx.HTTPError):
        emulator.http.post(RESPONSES_PATH, json={"model": CODEX, "input": "hi", "stream": stream})
    assert emulator.requests()[-1]["usage"] is None


@pytest.mark.parametrize("asks", [False, True])
def test_a_chat_reports_its_usage_in_a_stream_when_it_is_asked_to(emulator: Emulator, *, asks: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if asks else {}
    body = {"messages": [{"role": "user", "content": "hi"}], "stream": True, **options}
    emulator.http.post(CHAT_PATH, json=body)
    usage = emulator.requests()[-1]["usage"]
    assert (usage is not None) is asks

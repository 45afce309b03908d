"""Which request a fault strikes, and the statuses it can have."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from local.emulator.faults import Fault
from local.emulator.plane import DataPlane
from tests.emulator.process import CODEX, EMBEDDING, EMBEDDINGS_PATH, RESPONSES_PATH, Running

_ASK: dict[str, Any] = {"model": CODEX, "input": "count to 20"}
_EMBED = {"input": "hi"}


@pytest.mark.parametrize(
    ("fault", "code"),
    [("429", "429"), ("500", "InternalServerError"), ("503", "ServiceUnavailable"), ("408", "Timeout")],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_status_with_retry_headers(emulator: Running, fault: str, code: str, *, stream: bool) -> None:
    emulator.order(fault, retry_after=3, retry_after_ms=2500)
    answer = emulator.http.post(RESPONSES_PATH, json={**_ASK, "stream": stream})
    assert answer.status_code == int(fault)
    assert answer.json()["error"]["code"] == code
    assert (answer.headers["retry-after"], answer.headers["retry-after-ms"]) == ("3", "2500")
    assert emulator.http.post(RESPONSES_PATH, json=_ASK).status_code == 200
    assert [(entry["status"], entry["fault"]) for entry in emulator.received()] == [(int(fault), fault), (200, None)]


def test_a_status_without_retry_headers_may_come_late(emulator: Running) -> None:
    emulator.order("429", delay_s=0.1)
    answer = emulator.http.post(EMBEDDINGS_PATH, json=_EMBED)
    assert "retry-after" not in answer.headers
    assert answer.elapsed.total_seconds() >= 0.1


def test_a_fractional_retry_after_is_told_as_it_is(emulator: Running) -> None:
    emulator.order("503", retry_after=0.2)
    assert emulator.http.post(EMBEDDINGS_PATH, json=_EMBED).headers["retry-after"] == "0.2"


def test_a_fault_strikes_its_surface_its_match_and_as_often_as_ordered(emulator: Running) -> None:
    emulator.order("503", surface="embeddings", match="needle", count=2)
    statuses = [
        emulator.http.post(path, json=body).status_code
        for path, body in [
            (EMBEDDINGS_PATH, {"input": "hay"}),
            (RESPONSES_PATH, {**_ASK, "input": "needle"}),
            (EMBEDDINGS_PATH, {"input": "a needle"}),
            (EMBEDDINGS_PATH, {"input": "a needle"}),
            (EMBEDDINGS_PATH, {"input": "a needle"}),
        ]
    ]
    assert statuses == [200, 200, 503, 503, 200]


def test_faults_are_taken_in_order_and_for_ever_means_until_taken_back(emulator: Running) -> None:
    emulator.order("500")
    emulator.order("503", count=-1)
    statuses = [emulator.http.post(EMBEDDINGS_PATH, json=_EMBED).status_code for _ in range(4)]
    assert statuses == [500, 503, 503, 503]
    assert emulator.control.delete("/faults").json() == []
    assert emulator.http.post(EMBEDDINGS_PATH, json=_EMBED).status_code == 200


def test_a_fault_strikes_before_the_request_is_judged_but_after_the_key(client: TestClient, plane: DataPlane) -> None:
    plane.faults.add(Fault(fault="500"))
    assert client.post(EMBEDDINGS_PATH, headers={"api-key": "wrong"}, json={}).status_code == 401
    assert client.post(EMBEDDINGS_PATH, json={}).status_code == 500
    assert client.post(EMBEDDINGS_PATH, json={}).status_code == 400


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"fault": "418"},
        {"fault": "429", "count": -2},
        {"fault": "429", "surface": "images"},
        {"fault": "429", "delay_s": -1},
        {"fault": "429", "unknown": 1},
        [],
    ],
)
def test_a_fault_that_does_not_exist_is_explained(emulator: Running, fault: object) -> None:
    answer = emulator.control.post("/faults", json=fault)
    assert answer.status_code == 400
    assert "Fault" in answer.json()["error"]


def test_a_status_may_be_ordered_as_a_number(emulator: Running) -> None:
    ordered = emulator.control.post("/faults", json={"fault": 429, "retry_after": 1})
    assert ordered.json() == [{"fault": "429", "count": 1, "surface": "any", "retry_after": 1.0}]


def test_the_package_reads_a_429_of_the_embeddings(emulator: Running) -> None:
    emulator.order("429", retry_after=0, surface="embeddings", count=2)
    patient = emulator.embeddings.with_options(max_retries=2)
    assert len(patient.embeddings.create(model=EMBEDDING, input="hi").data) == 1
    assert [entry["status"] for entry in emulator.received()] == [429, 429, 200]

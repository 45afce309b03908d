"""Which request a fault applies to, and the statuses it can have."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from local.emulator.data_plane import DataPlane
from local.emulator.faults import Fault
from tests.emulator.process import CODEX, EMBEDDING, EMBEDDINGS_PATH, RESPONSES_PATH, Emulator

_BODY: dict[str, Any] = {"model": CODEX, "input": "count to 20"}
_EMBEDDING_BODY = {"input": "hi"}


@pytest.mark.parametrize(
    ("fault", "code"),
    [("429", "429"), ("500", "InternalServerError"), ("503", "ServiceUnavailable"), ("408", "Timeout")],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_status_with_retry_headers(emulator: Emulator, fault: str, code: str, *, stream: bool) -> None:
    emulator.fail(fault, retry_after=3, retry_after_ms=2500)
    answer = emulator.http.post(RESPONSES_PATH, json={**_BODY, "stream": stream})
    assert answer.status_code == int(fault)
    assert answer.json()["error"]["code"] == code
    assert (answer.headers["retry-after"], answer.headers["retry-after-ms"]) == ("3", "2500")
    assert emulator.http.post(RESPONSES_PATH, json=_BODY).status_code == 200
    assert [(entry["status"], entry["fault"]) for entry in emulator.requests()] == [(int(fault), fault), (200, None)]


def test_a_status_without_retry_headers_may_come_late(emulator: Emulator) -> None:
    emulator.fail("429", delay_s=0.1)
    answer = emulator.http.post(EMBEDDINGS_PATH, json=_EMBEDDING_BODY)
    assert "retry-after" not in answer.headers
    assert answer.elapsed.total_seconds() >= 0.1


def test_a_fractional_retry_after_is_sent_as_it_is(emulator: Emulator) -> None:
    emulator.fail("503", retry_after=0.2)
    assert emulator.http.post(EMBEDDINGS_PATH, json=_EMBEDDING_BODY).headers["retry-after"] == "0.2"


def test_a_fault_applies_to_its_surface_its_match_and_its_count(emulator: Emulator) -> None:
    emulator.fail("503", surface="embeddings", match="needle", count=2)
    statuses = [
        emulator.http.post(path, json=body).status_code
        for path, body in [
            (EMBEDDINGS_PATH, {"input": "hay"}),
            (RESPONSES_PATH, {**_BODY, "input": "needle"}),
            (EMBEDDINGS_PATH, {"input": "a needle"}),
            (EMBEDDINGS_PATH, {"input": "a needle"}),
            (EMBEDDINGS_PATH, {"input": "a needle"}),
        ]
    ]
    assert statuses == [200, 200, 503, 503, 200]


def test_faults_apply_in_order_and_for_ever_until_they_are_removed(emulator: Emulator) -> None:
    emulator.fail("500")
    emulator.fail("503", count=-1)
    statuses = [emulator.http.post(EMBEDDINGS_PATH, json=_EMBEDDING_BODY).status_code for _ in range(4)]
    assert statuses == [500, 503, 503, 503]
    assert emulator.control.delete("/faults").json() == []
    assert emulator.http.post(EMBEDDINGS_PATH, json=_EMBEDDING_BODY).status_code == 200


def test_a_fault_applies_after_authentication_but_before_validation(client: TestClient, plane: DataPlane) -> None:
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
def test_an_invalid_fault_is_refused(emulator: Emulator, fault: object) -> None:
    answer = emulator.control.post("/faults", json=fault)
    assert answer.status_code == 400
    assert "Fault" in answer.json()["error"]


def test_a_status_may_be_a_number(emulator: Emulator) -> None:
    response = emulator.control.post("/faults", json={"fault": 429, "retry_after": 1})
    assert response.json() == [{"fault": "429", "count": 1, "surface": "any", "retry_after": 1.0}]


def test_the_sdk_reads_a_429_of_the_embeddings(emulator: Emulator) -> None:
    emulator.fail("429", retry_after_ms=1, surface="embeddings", count=2)
    patient = emulator.embeddings.with_options(max_retries=2)
    assert len(patient.embeddings.create(model=EMBEDDING, input="hi").data) == 1
    assert [entry["status"] for entry in emulator.requests()] == [429, 429, 200]

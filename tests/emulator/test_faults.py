"""Faults as a client sees them on a real socket, and as the record tells them."""

import json
import socket
import time
from typing import Any

import httpx
import pytest
from openai import APIError
from starlette.testclient import TestClient

from local.emulator.faults import Fault
from local.emulator.plane import DataPlane
from tests.emulator.process import CHAT_PATH, CODEX, EMBEDDING, EMBEDDINGS_PATH, KEY, RESPONSES_PATH, Running

_ASK: dict[str, Any] = {"model": CODEX, "input": "count to 20"}
_EMBED = {"input": "hi"}
_STREAM = {**_ASK, "stream": True}
_TALK: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "stream": True}


def _lines(
    emulator: Running, *, path: str = RESPONSES_PATH, body: dict[str, Any] = _STREAM
) -> tuple[list[str], Exception | None]:
    """The event lines of a stream, and how it broke."""
    lines: list[str] = []
    try:
        with emulator.http.stream("POST", path, json=body, timeout=1) as answer:
            assert answer.status_code == 200
            lines.extend(line for line in answer.iter_lines() if line)
    except httpx.TransportError as error:
        return lines, error
    return lines, None


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


def test_a_reset_is_a_tcp_reset(emulator: Running) -> None:
    emulator.order("reset")
    body = json.dumps(_EMBED).encode()
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=5) as raw:
        head = f"POST {EMBEDDINGS_PATH} HTTP/1.1\r\nhost: x\r\napi-key: {KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
        raw.sendall(head.encode() + body)
        with pytest.raises(ConnectionResetError):
            raw.recv(1)
    assert emulator.last_status() == "reset"


def test_a_closed_port_refuses_until_it_is_told_to_listen(emulator: Running) -> None:
    assert emulator.http.post(EMBEDDINGS_PATH, json=_EMBED).status_code == 200
    emulator.order("refused")
    emulator.order("refused")
    for _ in range(2):
        with pytest.raises(httpx.ConnectError, match="refused"):
            emulator.http.post(EMBEDDINGS_PATH, json=_EMBED)
    assert emulator.control.get("/health").status_code == 200
    emulator.control.delete("/faults")
    assert emulator.http.post(EMBEDDINGS_PATH, json=_EMBED).status_code == 200


def test_a_closed_port_opens_again_by_itself(emulator: Running) -> None:
    emulator.order("refused", delay_s=0.2)
    with pytest.raises(httpx.ConnectError, match="refused"):
        emulator.http.post(EMBEDDINGS_PATH, json=_EMBED)
    time.sleep(0.3)
    assert emulator.http.post(EMBEDDINGS_PATH, json=_EMBED).status_code == 200


def test_a_hang_before_the_headers_lasts_until_the_client_leaves(emulator: Running) -> None:
    emulator.order("hang_before_headers")
    with pytest.raises(httpx.ReadTimeout):
        emulator.http.post(EMBEDDINGS_PATH, json=_EMBED, timeout=0.2)
    assert emulator.last_status() == "client_gone"


def test_a_hang_may_end_with_the_answer(emulator: Running) -> None:
    emulator.order("hang_before_headers", delay_s=0.1)
    answer = emulator.http.post(EMBEDDINGS_PATH, json=_EMBED)
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.1


@pytest.mark.parametrize("stream", [False, True])
def test_a_hang_before_the_first_event_has_sent_headers(emulator: Running, *, stream: bool) -> None:
    emulator.order("hang_before_first_event")
    with emulator.http.stream("POST", RESPONSES_PATH, json={**_ASK, "stream": stream}, timeout=0.3) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            answer.read()
    assert emulator.last_status(other_than=200) == "client_gone"


@pytest.mark.parametrize(("after_events", "expected"), [(None, 2), (0, 0), (4, 4)])
def test_the_first_token_may_be_slow(emulator: Running, after_events: int | None, expected: int) -> None:
    emulator.order("slow_first_token", delay_s=0.3, after_events=after_events)
    started = time.monotonic()
    early = 0
    with emulator.http.stream("POST", RESPONSES_PATH, json={**_ASK, "stream": True}) as answer:
        for line in answer.iter_lines():
            early += line.startswith("event:") and time.monotonic() - started < 0.2
    assert early == expected
    assert time.monotonic() - started >= 0.3


def test_a_whole_answer_may_be_slow(emulator: Running) -> None:
    emulator.order("slow_first_token", delay_s=0.2)
    assert emulator.http.post(RESPONSES_PATH, json=_ASK).elapsed.total_seconds() >= 0.2


@pytest.mark.parametrize(("path", "body"), [(RESPONSES_PATH, _ASK), (EMBEDDINGS_PATH, _EMBED)])
def test_half_a_whole_body_arrives_when_it_is_cut(emulator: Running, path: str, body: dict[str, Any]) -> None:
    emulator.order("cut_mid_stream")
    received: list[bytes] = []
    with emulator.http.stream("POST", path, json=body) as answer:
        length = int(answer.headers["content-length"])
        with pytest.raises(httpx.RemoteProtocolError, match="closed"):
            received.extend(answer.iter_raw())
    assert len(b"".join(received)) == length // 2
    assert emulator.received()[-1]["fault"] == "cut_mid_stream"


@pytest.mark.parametrize(("after_events", "expected"), [(0, 0), (None, 4), (7, 7), (1000, 28)])
def test_a_stream_is_cut_after_some_events(emulator: Running, after_events: int | None, expected: int) -> None:
    """The whole stream has 28 events: a cut that comes later leaves out its proper end."""
    emulator.order("cut_mid_stream", after_events=after_events)
    lines, broken = _lines(emulator)
    assert sum(line.startswith("event:") for line in lines) == expected
    assert isinstance(broken, httpx.RemoteProtocolError)
    assert emulator.received()[-1]["status"] == 200


@pytest.mark.parametrize("after_events", [3, 1000])
def test_a_stream_stalls_until_the_client_leaves(emulator: Running, after_events: int) -> None:
    emulator.order("stall_mid_stream", after_events=after_events)
    lines, broken = _lines(emulator)
    assert sum(line.startswith("event:") for line in lines) == min(after_events, 28)
    assert isinstance(broken, httpx.ReadTimeout)
    assert emulator.last_status(other_than=200) == "client_gone"


def test_a_stall_may_end(emulator: Running) -> None:
    emulator.order("stall_mid_stream", delay_s=0.1)
    lines, broken = _lines(emulator)
    assert broken is None
    assert lines[-2] == "event: response.completed"


@pytest.mark.parametrize("after_events", [0, 5])
def test_an_error_event_is_nested_as_azure_sends_it(emulator: Running, after_events: int) -> None:
    emulator.order("error_event", after_events=after_events)
    lines, broken = _lines(emulator)
    assert broken is None
    assert len(lines) == 2 * (after_events + 1)
    assert lines[-2] == "event: error"
    event = json.loads(lines[-1].removeprefix("data: "))
    assert event["sequence_number"] == after_events
    assert event["error"]["code"] == "server_error"


def test_the_package_raises_an_error_event(emulator: Running) -> None:
    emulator.order("error_event", after_events=3)
    with pytest.raises(APIError, match="The server had an error"):
        list(emulator.responses.responses.create(model=CODEX, input="hi", stream=True))


def test_an_error_in_a_chat_stream_has_no_name(emulator: Running) -> None:
    emulator.order("error_event", after_events=2)
    lines, _ = _lines(emulator, path=CHAT_PATH, body=_TALK)
    assert len(lines) == 3
    assert json.loads(lines[-1].removeprefix("data: "))["error"]["type"] == "server_error"


def test_a_whole_answer_has_no_events_and_fails(emulator: Running) -> None:
    emulator.order("error_event")
    assert emulator.http.post(EMBEDDINGS_PATH, json=_EMBED).status_code == 500


def test_malformed_json_comes_with_200(emulator: Running) -> None:
    emulator.order("malformed_json")
    answer = emulator.http.post(RESPONSES_PATH, json=_ASK)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()


@pytest.mark.parametrize("after_events", [0, 3, 1000])
def test_a_stream_breaks_inside_an_event(emulator: Running, after_events: int) -> None:
    emulator.order("malformed_json", after_events=after_events)
    lines, broken = _lines(emulator)
    assert broken is None
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data:")]
    assert len(data) == min(after_events, 28) + 1
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(data[-1])


@pytest.mark.parametrize("stream", [False, True])
def test_a_page_instead_of_json(emulator: Running, *, stream: bool) -> None:
    emulator.order("wrong_content_type")
    answer = emulator.http.post(RESPONSES_PATH, json={**_ASK, "stream": stream})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_client_that_leaves_a_stream_is_noted(emulator: Running) -> None:
    body = {**_ASK, "input": "count to 99999", "stream": True}
    with emulator.http.stream("POST", RESPONSES_PATH, json=body) as answer:
        next(answer.iter_raw())
    assert emulator.last_status(other_than=200) == "client_gone"


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

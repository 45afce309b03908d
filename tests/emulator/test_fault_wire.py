"""Faults of the connection, as a client sees them on a real socket."""

import json
import socket
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.emulator.process import CODEX, EMBEDDINGS_PATH, KEY, RESPONSES_PATH, Running

_ASK: dict[str, Any] = {"model": CODEX, "input": "count to 20"}
_EMBED = {"input": "hi"}


def test_a_reset_is_a_tcp_reset(emulator: Running) -> None:
    emulator.order("reset")
    body = json.dumps(_EMBED).encode()
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=60) as raw:
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
    emulator.order("refused", delay_s=2)
    with pytest.raises(httpx.ConnectError, match="refused"):
        emulator.http.post(EMBEDDINGS_PATH, json=_EMBED)
    deadline, answer = time.monotonic() + 30, None
    while answer is None and time.monotonic() < deadline:
        with suppress(httpx.ConnectError):
            answer = emulator.http.post(EMBEDDINGS_PATH, json=_EMBED)
        time.sleep(0.05)
    assert answer is not None
    assert answer.status_code == 200


def test_a_hang_before_the_headers_lasts_until_the_client_leaves(emulator: Running) -> None:
    emulator.order("hang_before_headers")
    with pytest.raises(httpx.ReadTimeout):
        emulator.http.post(EMBEDDINGS_PATH, json=_EMBED, timeout=1)
    assert emulator.last_status() == "client_gone"


def test_a_hang_may_end_with_the_answer(emulator: Running) -> None:
    emulator.order("hang_before_headers", delay_s=0.1)
    answer = emulator.http.post(EMBEDDINGS_PATH, json=_EMBED)
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.1


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

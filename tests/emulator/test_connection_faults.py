"""Faults of the connection, as a client sees them on a real socket."""

import asyncio
import json
import socket
import sys
from typing import Any

import httpx
import pytest

from local.emulator.data_plane import DataPlane
from local.listener import Listener
from tests import virtual_time
from tests.emulator.process import CODEX, EMBEDDINGS_PATH, KEY, RESPONSES_PATH, Emulator

_BODY: dict[str, Any] = {"model": CODEX, "input": "count to 20"}
_EMBEDDING_BODY = {"input": "hi"}


def test_a_reset_is_a_tcp_reset(emulator: Emulator) -> None:
    emulator.fail("reset")
    body = json.dumps(_EMBEDDING_BODY).encode()
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=60) as raw:
        head = f"POST {EMBEDDINGS_PATH} HTTP/1.1\r\nhost: x\r\napi-key: {KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
        raw.sendall(head.encode() + body)
        with pytest.raises(ConnectionResetError):
            raw.recv(1)
    assert emulator.last_status() == "reset"


def test_a_closed_port_refuses_until_it_is_told_to_listen(emulator: Emulator) -> None:
    assert emulator.http.post(EMBEDDINGS_PATH, json=_EMBEDDING_BODY).status_code == 200
    emulator.fail("refused")
    emulator.fail("refused")
    for _ in range(2):
        with pytest.raises(httpx.ConnectError, match="refused"):
            emulator.http.post(EMBEDDINGS_PATH, json=_EMBEDDING_BODY)
    assert emulator.control.get("/health").status_code == 200
    emulator.control.delete("/faults")
    assert emulator.http.post(EMBEDDINGS_PATH, json=_EMBEDDING_BODY).status_code == 200


def test_a_closed_port_opens_again_by_itself(plane: DataPlane) -> None:
    async def listen() -> None:
        listener = Listener(plane.app(), host="127.0.0.1", port=0)
        await listener.accept()
        await listener.refuse(seconds=9)
        await asyncio.sleep(8.9)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", listener.port)
        await asyncio.sleep(0.2)
        _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.close()
        await listener.stop()

    virtual_time.run(listen())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is free meanwhile")
def test_nobody_else_gets_a_closed_port(plane: DataPlane) -> None:
    async def listen() -> None:
        listener = Listener(plane.app(), host="127.0.0.1", port=0)
        await listener.accept()
        await listener.refuse(seconds=None)
        with socket.socket() as another, pytest.raises(OSError, match="in use"):
            another.bind(("127.0.0.1", listener.port))
        await listener.accept()
        await listener.stop()
        with socket.create_server(("127.0.0.1", listener.port)):
            pass

    virtual_time.run(listen())


def test_a_hang_before_the_headers_lasts_until_the_client_leaves(emulator: Emulator) -> None:
    emulator.fail("hang_before_headers")
    with pytest.raises(httpx.ReadTimeout):
        emulator.http.post(EMBEDDINGS_PATH, json=_EMBEDDING_BODY, timeout=0.3)
    assert emulator.last_status() == "client_gone"


def test_a_hang_may_end_with_the_answer(emulator: Emulator) -> None:
    emulator.fail("hang_before_headers", delay_s=0.1)
    answer = emulator.http.post(EMBEDDINGS_PATH, json=_EMBEDDING_BODY)
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.1


@pytest.mark.parametrize(("path", "body"), [(RESPONSES_PATH, _BODY), (EMBEDDINGS_PATH, _EMBEDDING_BODY)])
def test_half_a_whole_body_arrives_when_it_is_cut(emulator: Emulator, path: str, body: dict[str, Any]) -> None:
    emulator.fail("cut_mid_stream")
    received: list[bytes] = []
    with emulator.http.stream("POST", path, json=body) as answer:
        length = int(answer.headers["content-length"])
        with pytest.raises(httpx.RemoteProtocolError, match="closed"):
            received.extend(answer.iter_raw())
    assert len(b"".join(received)) == length // 2
    assert emulator.requests()[-1]["fault"] == "cut_mid_stream"

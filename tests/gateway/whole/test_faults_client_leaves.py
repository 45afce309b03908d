"""A client that goes away: nobody pays for an answer that nobody reads."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from .conftest import Client
from .regions import Regions, eventually
from .surfaces import SURFACES, TRANSLATED, Surface

_EVERYWHERE = (*SURFACES, *TRANSLATED)
_STREAMS = [surface for surface in _EVERYWHERE if surface.streamed]


def _connect(world: Regions, surface: Surface) -> socket.socket:
    """Send the request, and leave the answer to the caller."""
    where = urlsplit(world.session.base_url)
    body = json.dumps(surface.body()).encode()
    head = (
        f"POST {where.path}/{surface.route} HTTP/1.1\r\nhost: {where.netloc}\r\n"
        f"authorization: Bearer {world.session.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10)
    connection.sendall(head.encode() + body)
    return connection


def _assert_given_up(world: Regions, surface: Surface, *, lines: int, status: int) -> None:
    """The call is cancelled, no other region is asked, and the log says why."""
    eventually(lambda: [call["status"] for call in world.azures["first"].requests()] == ["client_gone"])
    line = world.log.next_line(lines)
    assert (line["route"], line["model"], line["error"]) == (surface.route, surface.model, "client_closed")
    assert line["status"] == status
    assert [attempt["upstream"] for attempt in line["attempts"]] == ["first"]
    assert [(call["region"], call["status"]) for call in world.calls()] == [("first", "client_gone")]


@pytest.mark.parametrize("surface", _EVERYWHERE, ids=lambda surface: surface.name)
def test_before_the_answer(world: Regions, user: Client, surface: Surface) -> None:
    lines = len(world.log.update().lines)
    world.fail("first", "hang_before_headers")
    with _connect(world, surface):
        assert eventually(world.azures["first"].requests)
    _assert_given_up(world, surface, lines=lines, status=0)
    world.azures["first"].mend()
    assert user.ask(surface).what == "the answer"
    assert user.line()["region"] == "first"


@pytest.mark.parametrize("surface", _STREAMS, ids=lambda surface: surface.name)
def test_in_the_middle_of_a_stream(world: Regions, surface: Surface) -> None:
    lines = len(world.log.update().lines)
    world.fail("first", "stall_mid_stream", after_events=8)
    with _connect(world, surface) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    _assert_given_up(world, surface, lines=lines, status=200)

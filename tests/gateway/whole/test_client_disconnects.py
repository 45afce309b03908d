"""A client that disconnects: the call to Azure is cancelled, and no other region is asked."""

import json
import socket
from urllib.parse import urlsplit

from .azure_regions import AzureRegions, eventually
from .conftest import Clients
from .surfaces import ALL_SURFACES, ANSWER, Surface, by_surface


def _send(azure: AzureRegions, surface: Surface) -> socket.socket:
    """Send the request; the caller reads the answer."""
    url = urlsplit(azure.session.base_url)
    body = json.dumps(surface.body()).encode()
    head = (
        f"POST {url.path}/{surface.route} HTTP/1.1\r\nhost: {url.netloc}\r\n"
        f"authorization: Bearer {azure.session.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection((str(url.hostname), int(url.port or 0)), timeout=10)
    connection.sendall(head.encode() + body)
    return connection


def _assert_cancelled(azure: AzureRegions, surface: Surface, *, lines: int, status: int) -> None:
    (line,) = azure.log.lines_after(lines)
    assert (line["route"], line["model"], line["error"]) == (surface.route, surface.model, "client_closed")
    assert line["status"] == status
    assert [attempt["upstream"] for attempt in line["attempts"]] == ["first"]
    eventually(lambda: [request["status"] for request in azure.requests()] == ["client_gone"])
    assert [(request["region"], request["status"]) for request in azure.requests()] == [("first", "client_gone")]


@by_surface(*ALL_SURFACES)
def test_before_the_answer(azure: AzureRegions, clients: Clients, surface: Surface) -> None:
    lines = len(azure.log.update().lines)
    azure.fail("first", "hang_before_headers")
    with _send(azure, surface):
        assert eventually(azure.regions["first"].requests)
    _assert_cancelled(azure, surface, lines=lines, status=0)
    azure.regions["first"].recover()
    client = clients[surface.name]
    assert client.call(surface).text == ANSWER
    assert client.line()["region"] == "first"  # no breaker opened


@by_surface(*(surface for surface in ALL_SURFACES if surface.streamed))
def test_in_the_middle_of_a_stream(azure: AzureRegions, surface: Surface) -> None:
    lines = len(azure.log.update().lines)
    azure.fail("first", "stall_mid_stream", after_events=8)
    with _send(azure, surface) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    _assert_cancelled(azure, surface, lines=lines, status=200)

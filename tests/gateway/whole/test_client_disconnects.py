"""A client that disconnects, or reads nothing: the call to Azure is cancelled, and no other region is asked."""

import json
import socket
import uuid
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from .azure_regions import AzureRegions, eventually
from .conftest import Clients
from .surfaces import ALL_SURFACES, ANSWER, PROMPT, Surface, by_surface


def _send(azure: AzureRegions, surface: Surface, prompt: str = PROMPT, *, name: str) -> socket.socket:
    """Send the request of this name; the caller reads the answer, of which its system takes little before that."""
    url = urlsplit(azure.session.base_url)
    body = json.dumps(surface.body(prompt)).encode()
    head = (
        f"POST {url.path}/{surface.route} HTTP/1.1\r\nhost: {url.netloc}\r\n"
        f"authorization: Bearer {azure.session.key}\r\nx-request-id: {name}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    connection = socket.socket()
    connection.settimeout(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((str(url.hostname), int(url.port or 0)))
    connection.sendall(head.encode() + body)
    return connection


def _assert_cancelled(azure: AzureRegions, surface: Surface, *, name: str, status: int) -> None:
    (line,) = azure.log.lines_of([name], name="client_request_id")
    assert (line["route"], line["model"], line["error"]) == (surface.route, surface.model, "client_closed")
    assert line["status"] == status
    assert [attempt["upstream"] for attempt in line["attempts"]] == ["first"]
    eventually(lambda: [request["status"] for request in azure.requests()] == ["client_gone"])
    assert [(request["region"], request["status"]) for request in azure.requests()] == [("first", "client_gone")]


@by_surface(*ALL_SURFACES)
def test_before_the_answer(azure: AzureRegions, clients: Clients, surface: Surface) -> None:
    name = uuid.uuid4().hex
    azure.fail("first", "hang_before_headers")
    with _send(azure, surface, name=name):
        assert eventually(azure.regions["first"].requests)
    _assert_cancelled(azure, surface, name=name, status=0)
    azure.regions["first"].recover()
    client = clients[surface.name]
    assert client.call(surface).text == ANSWER
    assert client.line()["region"] == "first"  # no breaker opened


@by_surface(*(surface for surface in ALL_SURFACES if surface.streamed))
def test_in_the_middle_of_a_stream(azure: AzureRegions, surface: Surface) -> None:
    name = uuid.uuid4().hex
    azure.fail("first", "stall_mid_stream", after_events=8)
    with _send(azure, surface, name=name) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    _assert_cancelled(azure, surface, name=name, status=200)


@pytest.mark.litellm
def test_a_stream_that_nobody_reads(azure: AzureRegions) -> None:
    surfaces = {uuid.uuid4().hex: surface for surface in ALL_SURFACES if surface.streamed}
    with ExitStack() as stack:
        for name, surface in surfaces.items():
            stack.enter_context(_send(azure, surface, "pace 100 count to 99999", name=name))
        found = azure.log.lines_of([*surfaces], name="client_request_id")
    assert {(line["status"], line["error"]) for line in found} == {(200, "client_closed")}
    assert {line["model"] for line in found} == {surface.model for surface in surfaces.values()}
    assert eventually(lambda: [request["status"] for request in azure.requests()] == ["client_gone"] * len(surfaces))

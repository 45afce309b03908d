"""Requests that no SDK sends: any method and path, any bytes."""

import json
import re
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

_TIMEOUT_S = 20.0


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """A response of the gateway."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str | None:
        """The code of an error, after a check that it is an OpenAI error which reveals nothing of the program."""
        assert self.headers["server"] == "gateway"
        for word in (b"traceback", b"aiohttp", b"python"):
            assert word not in self.body.lower()
        if self.status < 400:
            return None
        assert self.headers["content-type"].startswith("application/json")
        error: dict[str, Any] = json.loads(self.body)["error"]
        assert set(error) >= {"message", "type", "code"}
        code: str | None = error["code"]
        return code

    @property
    def status_and_code(self) -> tuple[int, str | None]:
        """Both."""
        return self.status, self.code


def from_httpx(response: httpx.Response) -> HttpResponse:
    """The same of a response that httpx received."""
    return HttpResponse(status=response.status_code, headers=dict(response.headers), body=response.content)


def connect(url: str, *, timeout_s: float = _TIMEOUT_S) -> socket.socket:
    """Open a connection to the gateway."""
    host, port = urlsplit(url).netloc.split(":")
    return socket.create_connection((host, int(port)), timeout=timeout_s)


def send_pipelined(url: str, data: bytes) -> list[int]:
    """Send several requests at once, the last of which closes the connection; return the statuses of all responses."""
    with connect(url) as connection:
        connection.sendall(data)
        received = b""
        while part := connection.recv(65536):
            received += part
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d+) ", received)]


def send(url: str, data: bytes) -> HttpResponse:
    """Send these bytes, and read until the response is complete or the gateway closes the connection."""
    with connect(url) as connection:
        connection.sendall(data)
        received = b""
        while b"\r\n\r\n" not in received or not _is_complete(received):
            part = connection.recv(65536)
            if not part:
                break
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return HttpResponse(status=int(status.split()[1]), headers=headers, body=body)


def _is_complete(received: bytes) -> bool:
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(lengths) and len(body) >= int(lengths[0])

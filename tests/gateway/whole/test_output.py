"""What the gateway's container prints: lines for an operator, without content."""

import json
import socket
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session

from .regions import Azure, eventually

CANARY = "canary-c0ffee"


def test_every_request_is_one_line_without_content(
    session: Session, client: openai.OpenAI, http: httpx.Client, azure: Azure
) -> None:
    before = len(session.output().splitlines())
    client.responses.create(model="gpt-5.3-codex", input=f"echo: {CANARY}")
    client.chat.completions.create(model="gpt-5.3-codex", messages=[{"role": "user", "content": CANARY}])
    client.embeddings.create(model="text-embedding-3-large", input=CANARY)
    azure.fail("500", count=-1)
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="gpt-5.3-codex", messages=[{"role": "user", "content": CANARY}])
    http.post("/v1/responses", json={"input": CANARY}, headers={"x-gateway-key": CANARY})

    def requests() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in session.output().splitlines()[before:]]
        return [line for line in lines if "event" not in line]

    eventually(lambda: len(requests()) == 5)  # a line follows its answer
    assert [(line["route"], line["status"]) for line in requests()] == [
        ("responses", 200),
        ("chat/completions", 200),
        ("embeddings", 200),
        ("chat/completions", 503),
        ("responses", 401),
    ]
    for output in (session.output(), session.litellm_output()):
        assert CANARY not in output
        assert session.key not in output
        for request in azure.requests():
            assert request["headers"]["api-key"] not in output


@pytest.mark.parametrize(
    "request_head",
    [
        f"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {CANARY}\0\r\n\r\n",
        f"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {CANARY * 2000}\r\n\r\n",
        f"{CANARY} /\r\n\r\n",
        f"POST /v1/responses HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc{CANARY}\r\n",
    ],
)
def test_what_is_no_http_leaves_no_trace(session: Session, request_head: str) -> None:
    before = session.output()
    host, port = session.host_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request_head.encode())
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    after = session.output().removeprefix(before)
    assert "Traceback" not in after
    assert CANARY not in after

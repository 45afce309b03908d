"""Requests whose client leaves, or that fail in the gateway: the whole pipeline, with real connections."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.runtime.configuration import Configuration
from gateway.runtime.context import ModelRequest, Response, Surface
from gateway.runtime.failover.failover import Failover
from gateway.runtime.token_usage import estimate_tokens

from ..builders import CODEX
from ..conftest import (
    BEARER,
    Client,
    FakeUpstream,
    Hanging,
    let_others_run,
    open_gateway,
    read_request_line,
    stream_answer,
)

pytestmark = pytest.mark.anyio
BODY = {"model": CODEX, "input": "hello", "stream": True}
DELTA = 'data: {"type": "response.output_text.delta", "delta": "%s"}\n\n'
LAST = 'data: {"type": "response.completed", "response": {}}\n\n'


async def leave_after_the_first_event(client: Client) -> None:
    response = await client.post("/v1/responses", json=BODY, headers=BEARER)
    await response.content.readuntil(b"\n\n")
    response.close()
    await asyncio.sleep(1.0)


async def test_a_client_that_leaves_in_the_middle_is_noted(
    client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.answers(stream_answer(DELTA % "a", 0.3, DELTA % "b", LAST))
    await leave_after_the_first_event(client)
    line = read_request_line(capsys)
    assert line["error"] == "client_closed"
    estimate = estimate_tokens(Surface.RESPONSES, BODY)
    assert line["tokens"] == {"input": estimate, "output": 1, "cached": 0, "reasoning": 0, "estimated": True}


async def test_a_client_that_leaves_after_the_last_event_has_the_whole_answer(
    client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.answers(stream_answer(DELTA % "a" + LAST, 0.3))
    await leave_after_the_first_event(client)
    assert read_request_line(capsys)["error"] is None


async def test_a_client_that_leaves_before_any_answer_ends_the_upstream_call(
    client: Client, azure: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    hanging = Hanging()
    azure.answers(hanging)
    asking = asyncio.create_task(client.post("/v1/responses", json=BODY, headers=BEARER))
    await hanging.called.wait()
    asking.cancel()
    await asyncio.wait_for(hanging.abandoned.wait(), timeout=0.1)
    await let_others_run()
    line = read_request_line(capsys)
    assert line["error"] == "client_closed"
    assert (line["tokens"]["output"], line["tokens"]["estimated"]) == (0, True)
    assert azure.requests[0].transport is None


async def test_a_defect_in_the_middle_of_an_answer_is_logged_by_its_location_only(
    configuration: Configuration, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        raise RuntimeError("words of the client")

    async def answer(_: Failover, __: ModelRequest) -> Response:
        return Response(status=200, body=parts(), close=lambda: closed.append(True))

    monkeypatch.setattr(Failover, "__call__", answer)
    async with open_gateway(replace(configuration, host="127.0.0.1")) as client:
        response = await client.post("/v1/responses", json=BODY, headers=BEARER)
        with pytest.raises(Exception, match="payload"):
            await response.read()
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "route" in line]
    assert "RuntimeError in parts, line" in line
    assert "words" not in line
    assert closed == [True]

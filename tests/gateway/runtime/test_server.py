"""What becomes of a request whose client leaves, or whose steps fail: the whole chain, with nobody in the way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.runtime.configuration import Configuration
from gateway.runtime.exchange import Answer, Call
from gateway.runtime.failover import Failover
from tests.gateway.runtime.conftest import (
    BEARER,
    CODEX,
    Client,
    Scripted,
    Slow,
    gateway,
    line_of_who_left,
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


async def test_a_client_that_leaves_in_the_middle_is_noted(
    client: Client, azure: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.answers(stream_answer(DELTA % "a", 0.3, DELTA % "b", LAST))
    await leave_after_the_first_event(client)
    assert (await line_of_who_left(capsys))["error"] == "client_closed"


async def test_a_client_that_leaves_after_the_last_event_has_all_it_wanted(
    client: Client, azure: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.answers(stream_answer(DELTA % "a" + LAST, 0.3))
    await leave_after_the_first_event(client)
    assert (await line_of_who_left(capsys))["error"] is None


async def test_a_client_that_leaves_before_any_answer_is_noted(
    client: Client, azure: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = Slow()
    azure.answers(slow)
    asking = asyncio.create_task(client.post("/v1/responses", json=BODY, headers=BEARER))
    async with asyncio.timeout(30):
        await slow.asked.wait()
        asking.cancel()
        await slow.left.wait()
    assert (await line_of_who_left(capsys))["error"] == "client_closed"
    assert azure.requests[0].transport is None


async def test_a_mistake_of_ours_in_the_middle_of_an_answer_is_logged_by_its_place_alone(
    configuration: Configuration, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        raise RuntimeError("words of the client")

    async def answer(_: Failover, __: Call) -> Answer:
        return Answer(status=200, body=parts(), close=lambda: closed.append(True))

    monkeypatch.setattr(Failover, "__call__", answer)
    async with gateway(replace(configuration, host="127.0.0.1")) as client:
        response = await client.post("/v1/responses", json=BODY, headers=BEARER)
        with pytest.raises(Exception, match="payload"):
            await response.read()
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "route" in line]
    assert "RuntimeError in parts, line" in line
    assert "words" not in line
    assert closed == [True]

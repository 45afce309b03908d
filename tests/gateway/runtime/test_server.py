"""Writing an answer to a client that may have gone."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.runtime.exchange import Answer, Record
from gateway.runtime.server import _write

pytestmark = pytest.mark.anyio


async def test_a_client_that_is_gone_between_two_parts_is_noted_and_the_upstream_let_go() -> None:
    record = Record(request_id="r", route="responses", started=0.0, deadline=0.0)
    closed: list[bool] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"one"
            assert request.transport is not None
            request.transport.close()
            yield b"two"

        return await _write(request, Answer(status=200, body=parts(), close=lambda: closed.append(True)), record)

    app = web.Application()
    app.router.add_get("/", handle)
    async with TestClient(TestServer(app)) as client:
        with pytest.raises(aiohttp.ClientError):
            await (await client.get("/")).read()
    assert record.error == "client_closed"
    assert closed == [True]

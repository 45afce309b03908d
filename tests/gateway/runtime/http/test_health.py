"""The platform's probes, and what the liveness probe says about the source code."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from gateway.runtime.access_log import log_event
from gateway.runtime.configuration import Configuration
from gateway.runtime.http.handler import open_server
from gateway.runtime.http.shutdown import ActiveRequests

from ..conftest import BEARER, GATEWAY_KEY, INNER_KEY, Client, GatewayServer

pytestmark = pytest.mark.anyio
SOURCE = "0123456789abcdef"


@pytest.fixture
def active_requests() -> ActiveRequests:
    return ActiveRequests()


@pytest.fixture
async def client(configuration: Configuration, active_requests: ActiveRequests) -> AsyncIterator[Client]:
    """A client of a gateway that knows its source."""
    configuration = replace(configuration, source=SOURCE)
    async with (
        open_server(configuration, active_requests=active_requests, log_event=log_event) as server,
        Client(GatewayServer(server)) as client,
    ):
        yield client


@pytest.fixture
def from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests seem to come from another machine."""
    monkeypatch.setattr(web.BaseRequest, "remote", "10.0.0.7")


async def get(client: Client, path: str, **headers: str) -> tuple[int, object]:
    response = await client.get(path, headers=headers)
    assert response.headers["server"] == "gateway"
    return response.status, await response.json()


async def test_on_loopback_liveness_says_which_source_runs(client: Client) -> None:
    assert await get(client, "/health/liveness") == (200, {"status": "ok", "source": SOURCE})


@pytest.mark.usefixtures("from_elsewhere")
@pytest.mark.parametrize("headers", [BEARER, {"x-gateway-key": GATEWAY_KEY}, {"api-key": GATEWAY_KEY}])
async def test_with_a_projects_key_liveness_says_it_anywhere(client: Client, headers: dict[str, str]) -> None:
    assert await get(client, "/health/liveness", **headers) == (200, {"status": "ok", "source": SOURCE})


@pytest.mark.usefixtures("from_elsewhere")
@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"x-gateway-key": INNER_KEY}, {"api-key": "wrong"}],
)
async def test_without_one_liveness_says_only_that_the_gateway_runs(client: Client, headers: dict[str, str]) -> None:
    assert await get(client, "/health/liveness", **headers) == (200, {"status": "ok"})


@pytest.mark.usefixtures("from_elsewhere")
@pytest.mark.parametrize(("key", "events"), [("wrong", ["invalid_api_key"]), (GATEWAY_KEY, []), (None, [])])
async def test_a_wrong_key_is_logged_without_the_key(
    client: Client, capsys: pytest.CaptureFixture[str], key: str | None, events: list[str]
) -> None:
    capsys.readouterr()
    await get(client, "/health/liveness", **({"x-gateway-key": key} if key else {}))
    output = capsys.readouterr().out
    assert [json.loads(line)["event"] for line in output.splitlines()] == events
    assert "wrong" not in output


async def test_readiness_never_says_it(client: Client) -> None:
    assert await get(client, "/health/readiness", **BEARER) == (200, {"status": "ok"})


async def test_a_replica_that_shuts_down_is_alive_and_not_ready(
    client: Client, active_requests: ActiveRequests
) -> None:
    await active_requests.drain(within_s=0.0)
    assert await get(client, "/health/readiness") == (503, {"status": "shutting down"})
    assert (await get(client, "/health/liveness"))[0] == 200


async def test_probes_are_get_requests(client: Client) -> None:
    assert (await client.post("/health/liveness")).status == 404


async def test_probes_leave_no_line(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("/health/liveness", "/health/readiness"):
        await client.get(path)
    assert capsys.readouterr().out == ""

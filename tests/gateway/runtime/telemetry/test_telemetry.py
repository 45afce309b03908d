"""Requests become metrics each minute, and traces by their share; the whole of it in virtual time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from gateway.runtime.access_log import log_event
from gateway.runtime.configuration import Configuration, Telemetry
from gateway.runtime.context import RequestContext
from gateway.runtime.http.handler import open_server
from gateway.runtime.http.shutdown import ActiveRequests
from gateway.runtime.telemetry import telemetry as module
from gateway.runtime.telemetry.telemetry import open_telemetry
from local.telemetry.item_format import check_item

from ..builders import CODEX, build_models, build_upstream
from ..conftest import (
    BEARER,
    Client,
    FakeUpstream,
    GatewayServer,
    abort,
    json_answer,
    listening,
    read_log,
)
from .builders import TRACE, build_context

pytestmark = pytest.mark.anyio
TRACEPARENT = f"00-{TRACE.trace_id}-{TRACE.parent_id}-01"


class Identity:
    """Takes the place of the managed identity."""

    def __init__(self, *, client_id: str | None, scope: str, log_event: object) -> None:
        assert (client_id, scope, log_event is not None) == ("the-client-id", "https://cloud//.default", True)

    async def token(self) -> str:
        """Return the same one each time."""
        return "the-token"

    async def close(self) -> None:
        """There is nothing to close."""


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> FakeUpstream:
    """The ingestion endpoint."""
    monkeypatch.setattr(module, "ManagedIdentity", Identity)
    endpoint = FakeUpstream()
    endpoint.answers(json_answer(200, {}))
    return endpoint


@asynccontextmanager
async def opened(
    configuration: Configuration, endpoint: FakeUpstream, *, percent: float = 100.0
) -> AsyncIterator[module.Telemetry]:
    """Telemetry that is sent to this endpoint."""
    async with listening(endpoint) as (url,):
        text = f"InstrumentationKey=2d2f0a5c-6c9f-4c4e-8d42-0d6f0b6f6f10;IngestionEndpoint={url};AADAudience=https://cloud/"
        settings = Telemetry(connection_string=text, app="app", sampling_percent=percent)
        configuration = replace(configuration, telemetry=settings, azure_client_id="the-client-id")
        async with open_telemetry(configuration, log_event=log_event) as telemetry:
            assert telemetry is not None
            yield telemetry


def received(endpoint: FakeUpstream) -> list[dict[str, Any]]:
    """All items so far, which are valid."""
    items = [item for body in endpoint.bodies for item in json.loads(body)]
    assert [error for item in items if (error := check_item(item))] == []
    return items


def values(items: list[dict[str, Any]]) -> dict[str, float]:
    """The sums of metrics by name and type."""
    points = [item["data"]["baseData"] for item in items if item["data"]["baseType"] == "MetricData"]
    return {
        f"{point['metrics'][0]['name']} {point['properties'].get('type', '')}".strip(): point["metrics"][0]["value"]
        for point in points
    }


def kinds(items: list[dict[str, Any]]) -> list[str]:
    return [item["data"]["baseType"] for item in items if item["data"]["baseType"] != "MetricData"]


async def test_without_application_insights_there_is_none(configuration: Configuration) -> None:
    async with open_telemetry(configuration, log_event=log_event) as telemetry:
        assert telemetry is None


async def test_traces_are_sent_soon_and_metrics_each_minute(
    configuration: Configuration, endpoint: FakeUpstream
) -> None:
    async with opened(configuration, endpoint) as telemetry:
        for _ in range(3):
            telemetry.record(build_context())
        await asyncio.sleep(10)
        assert kinds(received(endpoint)) == ["RequestData", "RemoteDependencyData", "RemoteDependencyData"] * 3
        assert values(received(endpoint)) == {}
        await asyncio.sleep(60)
        assert values(received(endpoint))["gateway.requests"] == 3
        assert values(received(endpoint))["gateway.tokens total"] == 42
        number = len(endpoint.requests)
        await asyncio.sleep(120)
        assert len(endpoint.requests) == number


async def test_metrics_are_complete_whatever_is_sampled(configuration: Configuration, endpoint: FakeUpstream) -> None:
    async with opened(configuration, endpoint, percent=33.0) as telemetry:
        telemetry.record(build_context())  # its trace has the place 33.46
        telemetry.record(build_context(trace=None))
    assert kinds(received(endpoint)) == []
    assert values(received(endpoint))["gateway.requests"] == 2


async def test_the_end_sends_what_is_left(
    configuration: Configuration, endpoint: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(configuration, endpoint) as telemetry:
        telemetry.record(build_context())
    assert len(kinds(received(endpoint))) == 3
    assert values(received(endpoint))["gateway.requests"] == 1
    assert read_log(capsys) == []


async def test_the_end_does_not_wait_for_an_endpoint_that_is_down(
    configuration: Configuration, endpoint: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answers(abort)
    async with opened(configuration, endpoint) as telemetry:
        telemetry.record(build_context())
    (event,) = read_log(capsys)
    assert (event["event"], event["count"]) == ("telemetry_dropped", 3 + 8)


class Recorder:
    """Takes the place of the telemetry."""

    def __init__(self) -> None:
        self.contexts: list[RequestContext] = []

    def record(self, context: RequestContext) -> None:
        """Take note."""
        self.contexts.append(context)


async def test_each_request_of_a_project_is_recorded_with_its_trace(
    configuration: Configuration, azure: FakeUpstream
) -> None:
    recorder: Any = Recorder()
    azure.answers(json_answer(body={"usage": {"input_tokens": 3, "output_tokens": 1}}))
    async with listening(azure) as (url,):
        configuration = replace(configuration, models=build_models(build_upstream("first", url)))
        async with (
            open_server(
                configuration, active_requests=ActiveRequests(), telemetry=recorder, log_event=log_event
            ) as server,
            Client(GatewayServer(server)) as client,
        ):
            body = {"model": CODEX, "input": "hi"}
            await client.post("/v1/responses", json=body, headers=BEARER | {"traceparent": TRACEPARENT})
            await client.post("/v1/responses", json={"model": "unknown"}, headers=BEARER)
            await client.post("/v1/responses", json=body)
            await client.get("/health/readiness")
    answered, refused = recorder.contexts
    assert (answered.status, answered.region, answered.trace) == (200, "first", TRACE)
    assert (refused.status, refused.region, refused.trace.parent_id) == (404, None, None)
    assert answered.attempts[0].started >= answered.started
    assert "traceparent" not in azure.requests[0].headers

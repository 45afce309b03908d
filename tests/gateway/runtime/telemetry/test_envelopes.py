"""Items as the documented format has them: `local.telemetry` checks every one."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.runtime.context import Attempt
from gateway.runtime.telemetry.envelopes import Envelope, EnvelopeBuilder
from gateway.runtime.telemetry.metrics import Aggregate
from gateway.runtime.telemetry.trace_context import TraceContext
from local.telemetry.item_format import check_item

from ..builders import CODEX
from .builders import TRACE, build_context

pytestmark = pytest.mark.anyio
KEY = "2d2f0a5c-6c9f-4c4e-8d42-0d6f0b6f6f10"
BUILDER = EnvelopeBuilder(instrumentation_key=KEY, app="app", replica="replica", sampling_percent=25.0)
FROM = {"ai.cloud.role": "app", "ai.cloud.roleInstance": "replica"}


def base_data(envelope: Envelope) -> dict[str, Any]:
    assert check_item(envelope) is None
    data: Any = envelope["data"]
    fields: dict[str, Any] = data["baseData"]
    return fields


async def test_a_metric_is_an_aggregation_with_its_dimensions() -> None:
    begun = datetime.now(UTC).replace(microsecond=5000)
    envelope = BUILDER.metric("gateway.latency", {"project": "team"}, Aggregate(1, 2.5004, 3.5, 2), begun=begun)
    assert check_item(envelope) is None
    assert envelope == {
        "ver": 1,
        "name": "Microsoft.ApplicationInsights.Metric",
        "time": begun.strftime("%Y-%m-%dT%H:%M:%S.005000Z"),
        "sampleRate": 100.0,
        "iKey": KEY,
        "tags": FROM,
        "data": {
            "baseType": "MetricData",
            "baseData": {
                "ver": 2,
                "metrics": [
                    {
                        "name": "gateway.latency",
                        "kind": "Aggregation",
                        "value": 3.5,
                        "count": 2,
                        "min": 1,
                        "max": 2.5,
                    }
                ],
                "properties": {"project": "team"},
            },
        },
    }


async def test_a_trace_is_a_request_with_a_dependency_for_each_attempt() -> None:
    await asyncio.sleep(1.5)
    ended = datetime.now(UTC)
    request, first, second = BUILDER.trace(build_context(), TRACE)
    fields = base_data(request)
    span = fields.pop("id")
    labels = {"project": "team", "model": CODEX, "deployment": "our-codex", "streaming": "true"}
    assert fields == {
        "ver": 2,
        "name": "responses",
        "duration": "0.00:00:01.5000000",
        "responseCode": "200",
        "success": True,
        "properties": {**labels, "region": "second", "request_id": "r1"},
    }
    operation = {"ai.operation.id": TRACE.trace_id, "ai.operation.name": "responses"}
    assert request["tags"] == {**FROM, **operation, "ai.operation.parentId": TRACE.parent_id}
    failed = base_data(first)
    assert failed.pop("id") not in (span, base_data(second)["id"])
    assert failed == {
        "ver": 2,
        "name": "our-codex",
        "type": "Azure OpenAI",
        "target": "first",
        "duration": "0.00:00:00.0125000",
        "resultCode": "429",
        "success": False,
        "properties": {**labels, "region": "first", "reason": "status"},
    }
    assert first["tags"] == second["tags"] == {**FROM, **operation, "ai.operation.parentId": span}
    assert (base_data(second)["resultCode"], base_data(second)["success"]) == ("200", True)
    assert {item["sampleRate"] for item in (request, first, second)} == {25.0}
    begun = [(datetime.fromisoformat(str(item["time"])) - ended).total_seconds() for item in (request, first, second)]
    assert begun == pytest.approx([-1.5, -1.4, -1.38], abs=0.2)
    assert begun[1] - begun[0] == pytest.approx(0.1, abs=1e-4)


async def test_a_trace_of_the_gateway_itself_has_no_parent() -> None:
    request, *_ = BUILDER.trace(build_context(), TraceContext(TRACE.trace_id))
    assert check_item(request) is None
    tags: Any = request["tags"]
    assert "ai.operation.parentId" not in tags


@pytest.mark.parametrize(
    ("status", "error", "success"),
    [
        (200, None, True),
        (200, "client_closed", True),
        (0, "client_closed", True),
        (200, "upstream_interrupted", False),
        (404, "model_not_found", False),
        (503, None, False),
    ],
)
async def test_a_request_succeeds_unless_it_has_an_error(status: int, error: str | None, *, success: bool) -> None:
    request, *_ = BUILDER.trace(build_context(status=status, error=error), TRACE)
    fields = base_data(request)
    assert (fields["responseCode"], fields["success"]) == (str(status), success)
    assert fields["properties"].get("error") == error


@pytest.mark.parametrize(
    ("attempt", "code", "success"),
    [
        (Attempt(region="a"), "0", True),  # the client left
        (Attempt(region="a", status=200), "200", True),
        (Attempt(region="a", status=200, reason="ended early"), "200", False),
        (Attempt(region="a", status=400), "400", False),
    ],
)
async def test_a_call_fails_by_its_status_or_its_stream(attempt: Attempt, code: str, *, success: bool) -> None:
    _, dependency = BUILDER.trace(build_context(attempts=[attempt]), TRACE)
    fields = base_data(dependency)
    assert (fields["resultCode"], fields["success"]) == (code, success)


@pytest.mark.parametrize(
    ("ms", "duration"),
    [
        (0.0, "0.00:00:00.0000000"),
        (0.04, "0.00:00:00.0000400"),
        (59_999.99999, "0.00:01:00.0000000"),
        (3_723_004.5, "0.01:02:03.0045000"),
        (90_000_000.0, "1.01:00:00.0000000"),
    ],
)
async def test_durations(ms: float, duration: str) -> None:
    _, dependency = BUILDER.trace(build_context(attempts=[Attempt(region="a", status=200, ms=ms)]), TRACE)
    assert base_data(dependency)["duration"] == duration


async def test_a_request_without_a_model_is_valid_too() -> None:
    unknown = dict.fromkeys(("project", "model", "deployment", "region"))
    (request,) = BUILDER.trace(build_context(**unknown, attempts=[], status=404), TRACE)
    assert base_data(request)["properties"] == {"streaming": "true", "request_id": "r1"}

"""The items that Application Insights takes, as its Track API v2.1 documents them.

https://github.com/Azure/azure-rest-api-specs/tree/main/specification/applicationinsights/data-plane/Monitor.Exporters
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from ..context import Attempt, RequestContext, now
from .metrics import Aggregate
from .trace_context import TraceContext, new_span_id

Envelope = dict[str, object]
_CLIENT_CLOSED = "client_closed"


class EnvelopeBuilder:
    """Knows where the items come from: the container app and its replica."""

    def __init__(self, *, instrumentation_key: str, app: str, replica: str, sampling_percent: float) -> None:
        self._instrumentation_key = instrumentation_key
        self._tags = {"ai.cloud.role": app, "ai.cloud.roleInstance": replica}
        self._sampling_percent = sampling_percent

    def metric(self, name: str, dimensions: Mapping[str, str], values: Aggregate, *, begun: datetime) -> Envelope:
        """Build the item of a metric; `begun`: since when its values were added."""
        point = {
            "name": name,
            "kind": "Aggregation",
            "value": round(values.sum, 3),
            "count": values.count,
            "min": round(values.min, 3),
            "max": round(values.max, 3),
        }
        return self._envelope("Metric", "MetricData", begun, {"metrics": [point], "properties": dimensions})

    def trace(self, context: RequestContext, trace: TraceContext) -> Iterator[Envelope]:
        """Build the items of a request that has ended: its own, and a dependency for each call of Azure."""
        wall, clock = datetime.now(UTC), now()
        span = new_span_id()
        labels = {
            "project": context.project,
            "model": context.model,
            "deployment": context.deployment,
            "streaming": str(context.stream).lower(),
        }
        parent = {"ai.operation.parentId": trace.parent_id} if trace.parent_id else {}
        operation = {"ai.operation.id": trace.trace_id, "ai.operation.name": context.route}
        request = {
            "id": span,
            "name": context.route,
            "duration": _duration((clock - context.started) * 1000),
            "responseCode": str(context.status),
            "success": context.status < 400 and context.error in (None, _CLIENT_CLOSED),
            "properties": _known(
                {**labels, "region": context.region, "error": context.error, "request_id": context.request_id}
            ),
        }
        begun = wall - timedelta(seconds=clock - context.started)
        yield self._envelope("Request", "RequestData", begun, request, tags={**operation, **parent})
        for attempt in context.attempts:
            yield self._envelope(
                "RemoteDependency",
                "RemoteDependencyData",
                wall - timedelta(seconds=clock - attempt.started),
                _dependency(attempt, labels, name=context.deployment or context.route),
                tags={**operation, "ai.operation.parentId": span},
            )

    def _envelope(
        self,
        name: str,
        kind: str,
        time: datetime,
        data: Mapping[str, object],
        *,
        tags: Mapping[str, str] | None = None,
    ) -> Envelope:
        return {
            "ver": 1,
            "name": f"Microsoft.ApplicationInsights.{name}",
            "time": time.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "sampleRate": 100.0 if tags is None else self._sampling_percent,
            "iKey": self._instrumentation_key,
            "tags": {**self._tags, **(tags or {})},
            "data": {"baseType": kind, "baseData": {"ver": 2, **data}},
        }


def _dependency(attempt: Attempt, labels: Mapping[str, str | None], *, name: str) -> dict[str, object]:
    """`duration` is the time until the first event of a stream. The client may leave before a status is known."""
    return {
        "id": new_span_id(),
        "name": name,
        "type": "Azure OpenAI",
        "target": attempt.region,
        "duration": _duration(attempt.ms),
        "resultCode": str(attempt.status or 0),
        "success": attempt.reason is None and (attempt.status or 0) < 400,
        "properties": _known({**labels, "region": attempt.region, "reason": attempt.reason}),
    }


def _known(properties: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in properties.items() if value is not None}


def _duration(ms: float) -> str:
    """Days, time and ten millionths of a second, as in 0.00:00:01.5000000."""
    seconds, ticks = divmod(round(ms * 10_000), 10_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}.{hours:02}:{minutes:02}:{seconds:02}.{ticks:07}"

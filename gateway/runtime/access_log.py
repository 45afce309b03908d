"""The access log: one JSON line on stdout per request, and one per event. Never request or response content.

docs/log.md describes the fields.
"""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from .context import Attempt, RequestContext, Response, now

LogEvent = Callable[[dict[str, object]], None]


def log_request(context: RequestContext) -> None:
    """Write the line of a request that has ended."""
    tokens = context.counted_tokens
    first_byte_s = None if context.first_byte is None else context.first_byte - context.started
    log_event(
        {
            "request_id": context.request_id,
            "client_request_id": context.client_request_id,
            "client_address": context.client_address,
            "project": context.project,
            "key": context.key,
            "route": context.route,
            "model": context.model,
            "deployment": context.deployment,
            "stream": context.stream,
            "status": context.status,
            "ms": _milliseconds(now() - context.started),
            "first_byte_ms": first_byte_s and _milliseconds(first_byte_s),
            "tokens": tokens and vars(tokens),
            "region": context.region,
            "attempts": [_attempt(attempt) for attempt in context.attempts],
            "queued_ms": round(context.queued_ms, 1),
            "translations": context.translations,
            "litellm_ms": context.litellm_ms and round(context.litellm_ms, 1),
            "merged_events": context.inner.merged_events,
            "dropped_fields": context.dropped_fields,
            "error": context.error,
        }
    )


def log_refusal(request_id: str, route: str, response: Response, client_address: str) -> None:
    """Write the line of a request without a valid key."""
    context = RequestContext(request_id=request_id, route=route, started=now(), deadline=now())
    context.status, context.error, context.client_address = response.status, response.error, client_address
    log_request(context)


def log_event(fields: Mapping[str, object]) -> None:
    """Write a line with the time and these fields, in one piece and without delay."""
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **fields}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _attempt(attempt: Attempt) -> dict[str, object]:
    reason = {} if attempt.reason is None else {"reason": attempt.reason}
    return {"upstream": attempt.region, "status": attempt.status, **reason, "ms": attempt.ms}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)

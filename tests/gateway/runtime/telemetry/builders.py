"""Requests that have ended, for tests of telemetry."""

from typing import Any

from gateway.runtime.context import Attempt, RequestContext, Tokens
from gateway.runtime.telemetry.trace_context import TraceContext

from ..builders import CODEX

TRACE = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")


def build_context(**fields: Any) -> RequestContext:  # noqa: ANN401
    """A streamed request of a project, which the second region has answered."""
    context = RequestContext(request_id="r1", route="responses", started=0.0, deadline=10.0)
    known = {
        "project": "team",
        "model": CODEX,
        "deployment": "our-codex",
        "region": "second",
        "stream": True,
        "status": 200,
        "first_byte": 0.25,
        "tokens": Tokens(input=10, output=4, cached=3, reasoning=2),
        "trace": TRACE,
        "attempts": [
            Attempt(region="first", status=429, reason="status", ms=12.5, started=0.1),
            Attempt(region="second", status=200, ms=100.0, started=0.12, has_usage=True),
        ],
    }
    for name, value in {**known, **fields}.items():
        setattr(context, name, value)
    return context

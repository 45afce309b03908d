"""The simulated day has the lines of the gateway."""

import asyncio
import json

import pytest

from gateway.runtime.access_log import log_request
from gateway.runtime.context import Attempt, RequestContext, Tokens
from scripts.reporting import simulated_day
from tests.reporting.builders import log_of


def test_its_lines_have_the_fields_of_the_gateways(capsys: pytest.CaptureFixture[str]) -> None:
    async def real() -> None:
        context = RequestContext(request_id="r", route="responses", started=0.0, deadline=1.0, tokens=Tokens())
        context.attempts.append(Attempt(region="first", status=503, reason="status"))
        log_request(context)

    asyncio.run(real())
    line = json.loads(capsys.readouterr().out)
    requests = [fields for text in simulated_day.lines() if "event" not in (fields := json.loads(text))]
    assert {frozenset(fields) for fields in requests} == {frozenset(line)}
    used = [fields["tokens"] for fields in requests if fields["tokens"]]
    assert {frozenset(fields) for fields in used} == {frozenset(line["tokens"])}
    failed = [attempt for fields in requests for attempt in fields["attempts"] if "reason" in attempt]
    assert {frozenset(fields) for fields in failed} == {frozenset(line["attempts"][0])}


def test_it_is_readable_and_always_the_same() -> None:
    lines = [*simulated_day.lines()]
    assert lines == [*simulated_day.lines()]
    log = log_of(*lines)
    assert len(log.requests) > 1000
    assert (log.other_lines, log.unreadable_lines) == (0, 0)
    assert {request.outcome for request in log.requests} == {"answered", "refused", "429", "failed", "client left"}

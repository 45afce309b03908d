"""A report of what the gateway has logged agrees with its lines and with what Azure received."""

from collections.abc import Sequence

import pytest

from scripts.reporting.log_lines import Log, read_stream
from scripts.reporting.periods import period_of
from scripts.reporting.series import Numbers, Series

from .azure_regions import AzureRegions
from .conftest import Clients, call_all
from .surfaces import ANSWER, SURFACES

pytestmark = pytest.mark.litellm


def test_a_report_counts_what_happened(azure: AzureRegions, clients: Clients) -> None:
    azure.fail("first", "429")
    results = call_all(clients, SURFACES)
    assert {result.text for result in results.values()} == {ANSWER}
    lines = {line["request_id"]: line for line in (clients[surface.name].line() for surface in SURFACES)}
    log = Log()
    with azure.session.gateway.log.open("rb") as stream:
        read_stream(log, stream, name="gateway.log", max_lines=1_000_000)
    assert (log.other_lines, log.unreadable_lines) == (0, 0)
    log.requests = [request for request in log.requests if request.request_id in lines]
    times = [request.time for request in log.requests]
    numbers = Numbers(log, period=period_of(min(times), max(times)), prices={})
    summary = numbers.summary()
    assert (summary.requests, summary.availability) == (len(SURFACES), 100)
    for name in ("input", "output", "cached", "reasoning"):
        assert getattr(summary.tokens, name) == sum(line["tokens"][name] for line in lines.values())
    refused = sum(request["status"] == 429 for request in azure.requests())
    assert refused == summary.failovers == summary.rescued == len(SURFACES)
    _, failed_calls, limits = numbers.failures()
    assert _wholes(failed_calls.series) == {"first": refused}
    assert _wholes(limits.series)["Azure's, not seen by the client"] == refused
    translated = [line["litellm_ms"] / 1000 for line in lines.values() if line["litellm_ms"]]
    _, added = numbers.translation(places=100)
    assert max(translated) in _wholes(added.series).values()


def _wholes(series: Sequence[Series]) -> dict[str, float | None]:
    return {each.name: each.whole for each in series}

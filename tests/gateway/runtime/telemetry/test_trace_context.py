"""Whose trace a request belongs to, and which traces are sent."""

import random
import re

import pytest

from gateway.runtime.telemetry.trace_context import is_sampled, new_span_id, read_trace_context

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
REQUEST = "7c9e6679742540de944be07fc1f90ae7"


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-00",
        f" 00-{TRACE}-{PARENT}-ff ",
        f"01-{TRACE}-{PARENT}-01",
        f"cc-{TRACE}-{PARENT}-01-what the future brings",
    ],
)
def test_the_clients_trace_is_continued(header: str) -> None:
    assert read_trace_context([header], request_id=REQUEST) == (TRACE, PARENT)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [""],
        [f"00-{TRACE}-{PARENT}-01"] * 2,
        [f"ff-{TRACE}-{PARENT}-01"],
        [f"00-{TRACE}-{PARENT}-01-more"],
        [f"00-{TRACE.upper()}-{PARENT}-01"],
        [f"00-{'0' * 32}-{PARENT}-01"],
        [f"00-{TRACE}-{'0' * 16}-01"],
        [f"00-{TRACE}-{PARENT}"],
        [f"00-{TRACE}-{PARENT}-1"],
        [f"0-{TRACE}-{PARENT}-01"],
        [f"00-{TRACE[:-1]}-{PARENT}-01"],
        [f"00-{TRACE}-{PARENT}-01x"],
        [f"01-{TRACE}-{PARENT}-01more"],
    ],
)
def test_what_is_invalid_begins_a_new_trace_with_the_id_of_the_request(headers: list[str]) -> None:
    assert read_trace_context(headers, request_id=REQUEST) == (REQUEST, None)


def test_a_span_has_an_id_of_its_own() -> None:
    assert re.fullmatch("[0-9a-f]{16}", new_span_id())
    assert new_span_id() != new_span_id()


@pytest.mark.parametrize(
    ("trace_id", "is_sent"),
    # The ids and the percentage of Azure.Monitor.OpenTelemetry.Exporter.Tests/ApplicationInsightsSamplerTests.cs.
    [("8fffffffffffffff0000000000000000", False), ("0f1f2f3f4f5f6f7f8f9fafbfcfdfefff", True)],
)
def test_the_decision_is_that_of_azures_sdks(trace_id: str, *, is_sent: bool) -> None:
    assert is_sampled(trace_id, 86.0) is is_sent


@pytest.mark.parametrize("percent", [0.0, 25.0, 100.0])
def test_a_share_of_all_traces_is_sent(percent: float) -> None:
    dice = random.Random(6)  # noqa: S311
    traces = [dice.randbytes(16).hex() for _ in range(4000)]
    sampled = sum(is_sampled(trace, percent) for trace in traces)
    assert sampled / 40 == pytest.approx(percent, abs=4)
    assert percent not in (0.0, 100.0) or sampled == percent * 40

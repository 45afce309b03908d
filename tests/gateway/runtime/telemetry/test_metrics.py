"""Counts, sums, least and greatest values by dimension."""

import asyncio

import pytest

from gateway.runtime.context import Tokens
from gateway.runtime.telemetry.metrics import Aggregate, Metrics

from .builders import build_context

pytestmark = pytest.mark.anyio
DIMENSIONS = {"deployment": "our-codex", "project": "team", "region": "second", "streaming": "true"}
TOKENS = {**DIMENSIONS, "estimated": "false"}


def one(value: float) -> Aggregate:
    return Aggregate(value, value, value, 1)


async def test_a_request_counts_once_in_each_metric() -> None:
    metrics = Metrics()
    await asyncio.sleep(1.5)
    metrics.add(build_context())
    assert list(metrics.take()) == [
        ("gateway.requests", DIMENSIONS, one(1)),
        ("gateway.latency", DIMENSIONS, one(1500.0)),
        ("gateway.first_byte", DIMENSIONS, one(250.0)),
        ("gateway.tokens", {**TOKENS, "type": "prompt"}, one(10)),
        ("gateway.tokens", {**TOKENS, "type": "completion"}, one(4)),
        ("gateway.tokens", {**TOKENS, "type": "cached"}, one(3)),
        ("gateway.tokens", {**TOKENS, "type": "reasoning"}, one(2)),
        ("gateway.tokens", {**TOKENS, "type": "total"}, one(14)),
    ]
    assert list(metrics.take()) == []


async def test_requests_of_the_same_dimensions_are_added_up() -> None:
    metrics = Metrics()
    for tokens in (5, 1, 3):
        metrics.add(build_context(tokens=Tokens(input=tokens)))
    found = {dimensions["type"]: values for name, dimensions, values in metrics.take() if name == "gateway.tokens"}
    assert found == {"prompt": Aggregate(1, 5, 9, 3), "total": Aggregate(1, 5, 9, 3)}


async def test_each_dimension_tells_requests_apart() -> None:
    metrics = Metrics()
    for fields in ({}, {"deployment": "b"}, {"project": "b"}, {"region": "b"}, {"stream": False}):
        metrics.add(build_context(**fields))
    assert sum(name == "gateway.requests" for name, _, _ in metrics.take()) == 5


async def test_what_is_not_known_is_none_and_what_was_not_sent_has_no_time() -> None:
    metrics = Metrics()
    unknown: dict[str, object] = {
        "deployment": None,
        "project": None,
        "region": None,
        "tokens": None,
        "first_byte": None,
        "attempts": [],
    }
    metrics.add(build_context(**unknown, stream=False, status=400))
    expected = {"deployment": "none", "project": "none", "region": "none", "streaming": "false"}
    assert [(name, dimensions) for name, dimensions, _ in metrics.take()] == [
        ("gateway.requests", expected),
        ("gateway.latency", expected),
    ]


async def test_an_estimate_is_told_from_what_azure_has_reported() -> None:
    metrics, context = Metrics(), build_context(tokens=None, estimated_tokens=100, events=7)
    context.attempts[-1].has_usage = False
    metrics.add(context)
    found = [(dimensions, values) for name, dimensions, values in metrics.take() if name == "gateway.tokens"]
    assert found == [
        ({**TOKENS, "estimated": "true", "type": "prompt"}, one(100)),
        ({**TOKENS, "estimated": "true", "type": "completion"}, one(7)),
        ({**TOKENS, "estimated": "true", "type": "total"}, one(107)),
    ]

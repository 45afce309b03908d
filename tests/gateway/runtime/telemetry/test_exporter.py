"""Batches in the background: nothing waits for them, and what cannot be sent is dropped and counted."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from gateway.runtime.context import now
from gateway.runtime.telemetry.envelopes import Envelope
from gateway.runtime.telemetry.exporter import MAX_QUEUED, Exporter
from gateway.runtime.telemetry.ingestion import Outcome

from ..conftest import let_others_run

pytestmark = pytest.mark.anyio
Events = list[dict[str, object]]


def items(count: int) -> list[Envelope]:
    return [{"number": number} for number in range(count)]


class Endpoint:
    """Accepts everything, unless `answer` does not."""

    def __init__(self) -> None:
        self.received: list[tuple[float, int]] = []
        """When, and how many items."""
        self.answer: Callable[[Sequence[Envelope]], Outcome] = lambda _: Outcome()
        self.latency_s = 0.0

    async def __call__(self, envelopes: Sequence[Envelope]) -> Outcome:
        """Take note."""
        self.received.append((now(), len(envelopes)))
        await asyncio.sleep(self.latency_s)
        return self.answer(envelopes)


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
async def exporter(endpoint: Endpoint, events: Events) -> Exporter:
    """It is closed with the event loop."""
    return Exporter(send=endpoint, log_event=events.append)


async def test_items_are_collected_for_some_seconds(exporter: Exporter, endpoint: Endpoint) -> None:
    exporter.add(items(2))
    await asyncio.sleep(3)
    exporter.add(items(3))
    await asyncio.sleep(3)
    assert endpoint.received == [(5.0, 5)]


async def test_a_full_batch_is_sent_at_once(exporter: Exporter, endpoint: Endpoint) -> None:
    exporter.add(items(250))
    await let_others_run()
    assert endpoint.received == [(0.0, 100), (0.0, 100)]
    await asyncio.sleep(6)
    assert [count for _, count in endpoint.received] == [100, 100, 50]


async def test_a_failed_batch_is_sent_again_after_growing_pauses_and_then_dropped(
    exporter: Exporter, endpoint: Endpoint, events: Events
) -> None:
    endpoint.answer = lambda sent: Outcome(unsent=sent, reason="503")
    exporter.add(items(7))
    await asyncio.sleep(400)
    times = [time for time, _ in endpoint.received]
    assert [after - before for before, after in pairwise(times)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert {count for _, count in endpoint.received} == {7}
    assert events == [{"event": "telemetry_dropped", "count": 7, "reason": "503"}]


async def test_the_endpoint_says_when_to_send_again(exporter: Exporter, endpoint: Endpoint, events: Events) -> None:
    outcomes = [Outcome(unsent=items(2), reason="429", retry_after_s=30.0), Outcome()]
    endpoint.answer = lambda _: outcomes.pop(0)
    exporter.add(items(5))
    await asyncio.sleep(100)
    assert endpoint.received == [(5.0, 5), (35.0, 2)]
    assert events == []


async def test_no_pause_is_longer_than_a_minute(exporter: Exporter, endpoint: Endpoint) -> None:
    endpoint.answer = lambda sent: Outcome(unsent=sent, reason="429", retry_after_s=86_400.0)
    exporter.add(items(1))
    await asyncio.sleep(66)
    assert [time for time, _ in endpoint.received] == [5.0, 65.0]


async def test_the_queue_is_bounded_and_keeps_room_for_metrics(
    exporter: Exporter, endpoint: Endpoint, events: Events
) -> None:
    exporter.add(items(MAX_QUEUED + 30))
    exporter.add(items(5))
    assert events == [{"event": "telemetry_dropped", "count": 1, "reason": "queue full"}]
    exporter.add(items(10), limit=2 * MAX_QUEUED)
    await exporter.close(within_s=5.0)
    assert sum(count for _, count in endpoint.received) == MAX_QUEUED + 10
    assert events[1:] == [{"event": "telemetry_dropped", "count": 34, "reason": "queue full"}]


async def test_what_is_dropped_is_told_once_a_minute(exporter: Exporter, endpoint: Endpoint, events: Events) -> None:
    endpoint.answer = lambda sent: Outcome(rejected=Counter({"400": len(sent)}))
    told = []
    for _ in range(30):
        exporter.add(items(2))
        await asyncio.sleep(6)
        told.append(len(events))
    assert told[:10] == [1] * 10
    assert [event["count"] for event in events] == [2, 20, 20]
    assert {event["reason"] for event in events} == {"400"}


async def test_closing_sends_what_is_left_at_once(exporter: Exporter, endpoint: Endpoint, events: Events) -> None:
    exporter.add(items(103))
    await exporter.close(within_s=5.0)
    assert (now(), [count for _, count in endpoint.received]) == (0.0, [100, 3])
    assert events == []


async def test_closing_does_not_wait_for_a_pause(exporter: Exporter, endpoint: Endpoint, events: Events) -> None:
    endpoint.answer = lambda sent: Outcome(unsent=sent, reason="ClientConnectorError")
    exporter.add(items(3))
    await asyncio.sleep(20)
    exporter.add(items(4))
    await exporter.close(within_s=5.0)
    assert now() == 20.0
    assert events == [
        {"event": "telemetry_dropped", "count": 3, "reason": "ClientConnectorError"},
        {"event": "telemetry_dropped", "count": 4, "reason": "ClientConnectorError"},
    ]


async def test_closing_takes_no_longer_than_it_may(exporter: Exporter, endpoint: Endpoint, events: Events) -> None:
    endpoint.latency_s = 100.0
    exporter.add(items(150))
    await exporter.close(within_s=5.0)
    assert now() == 5.0
    assert events == [{"event": "telemetry_dropped", "count": 150, "reason": "shutdown"}]

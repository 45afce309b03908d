"""Sends items in the background, in batches. What does not fit into its queue is dropped: no request waits for it."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from ..access_log import LogEvent
from .envelopes import Envelope
from .ingestion import Outcome

MAX_QUEUED = 2_000
"""Of items of traces; about 6 MB. Metrics may be as many again."""
_BATCH = 100
_COLLECT_S = 5.0
_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0)
"""Between the attempts to send a batch."""
_MAX_PAUSE_S = 60.0
_MINUTE_S = 60.0

Send = Callable[[Sequence[Envelope]], Awaitable[Outcome]]


class Exporter:
    """The queue and the task that empties it, until `close`."""

    def __init__(self, *, send: Send, log_event: LogEvent) -> None:
        self._send = send
        self._queue: deque[Envelope] = deque()
        self._sending: Sequence[Envelope] = ()
        self._dropped = _Dropped(log_event)
        self._is_due, self._is_closing = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def add(self, envelopes: Iterable[Envelope], *, limit: int = MAX_QUEUED) -> None:
        """Queue items; those that would make more than `limit` are dropped."""
        for envelope in envelopes:
            if len(self._queue) < limit:
                self._queue.append(envelope)
            else:
                self._dropped.add({"queue full": 1})
        if len(self._queue) >= _BATCH:
            self._is_due.set()

    async def close(self, *, within_s: float) -> None:
        """Send what is left, once; what cannot be sent in that time is dropped."""
        self._is_closing.set()
        self._is_due.set()
        await asyncio.wait({self._task}, timeout=within_s)
        self._task.cancel()
        await asyncio.wait({self._task})
        self._dropped.add({"shutdown": len(self._sending) + len(self._queue)})
        self._dropped.report()

    async def _run(self) -> None:
        while self._queue or not self._is_closing.is_set():
            if len(self._queue) < _BATCH and not self._is_closing.is_set():
                await _wait(self._is_due, _COLLECT_S)
            self._is_due.clear()
            self._sending = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            if self._sending:
                await self._deliver()

    async def _deliver(self) -> None:
        """Send a batch until nothing of it is left, or all attempts have failed."""
        outcome = Outcome()
        for pause_s in (*_PAUSES_S, None):
            outcome = await self._send(self._sending)
            self._sending = outcome.unsent
            self._dropped.add(outcome.rejected)
            if not self._sending or pause_s is None or self._is_closing.is_set():
                break
            await _wait(self._is_closing, min(_MAX_PAUSE_S, outcome.retry_after_s or pause_s))
        self._dropped.add({outcome.reason: len(self._sending)})
        self._sending = ()


class _Dropped:
    """The numbers of dropped items by reason: an event at the first one, and one a minute at most."""

    def __init__(self, log_event: LogEvent) -> None:
        self._log_event = log_event
        self._counts: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, counts: Mapping[str, int]) -> None:
        self._counts.update({reason: count for reason, count in counts.items() if count})
        if self._counts and self._timer is None:
            self.report()
            self._timer = asyncio.get_running_loop().call_later(_MINUTE_S, self._end_minute)

    def report(self) -> None:
        if self._counts:
            (reason, _), *_ = self._counts.most_common(1)
            self._log_event({"event": "telemetry_dropped", "count": self._counts.total(), "reason": reason})
            self._counts.clear()

    def _end_minute(self) -> None:
        self._timer = None
        self.add({})


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

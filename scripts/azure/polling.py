"""Asking Azure again and again until something has taken effect; the one place that waits, so that tests need not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Polling:
    """How long to ask, and the pause between two attempts, in seconds."""

    timeout_s: float
    interval_s: float

    def attempts(self) -> Iterator[float]:
        """One after the other, with the seconds since the first; at least one, and none after the timeout."""
        start = time.monotonic()
        while True:
            yield time.monotonic() - start
            if time.monotonic() - start >= self.timeout_s:
                return
            self.pause(self.interval_s)

    def pause(self, seconds: float) -> None:
        """Wait for so long."""
        time.sleep(seconds)

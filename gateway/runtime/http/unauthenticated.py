"""Requests without a valid key: counted by client address and minute, and in the log as numbers.

They are refused whatever their number. A valid key from the same address is never affected: an office has one address.
"""

import asyncio
import math
from collections import Counter

from ..access_log import LogEvent
from .client_address import network_of

MINUTE_S = 60.0
_MAX_LOGGED = 20
"""Of the addresses of a minute; the log has the sum of all others."""
_MAX_ADDRESSES = 10_000
_OTHERS = ""


class UnauthenticatedRequests:
    """The counts of the current minute, which begins with its first request."""

    def __init__(self, *, per_minute: int, log_event: LogEvent) -> None:
        self._per_minute = per_minute
        self._log_event = log_event
        self._counts: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def count(self, address: str) -> bool:
        """Count a request; return whether the log should have its line."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(MINUTE_S, self.end_minute)
        client = self._client(address)
        self._counts[client] += 1
        return self._counts[client] == 1 and len(self._counts) <= _MAX_LOGGED

    def retry_after_s(self, address: str) -> int | None:
        """Return the rest of the minute if the address has sent more than its number of requests."""
        if self._timer is None or self._counts[self._client(address)] <= self._per_minute:
            return None
        return max(1, math.ceil(self._timer.when() - asyncio.get_running_loop().time()))

    def end_minute(self) -> None:
        """Write the counts of the minute."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        counts, self._counts = self._counts, Counter()
        others = counts.pop(_OTHERS, 0)
        addresses = list(counts.items())
        others += sum(count for _, count in addresses[_MAX_LOGGED:])
        for address, count in addresses[:_MAX_LOGGED]:
            if count > 1:
                self._log_event({"event": "unauthenticated_requests", "client_address": address, "count": count})
        if others:
            self._log_event({"event": "unauthenticated_requests", "client_address": None, "count": others})

    def _client(self, address: str) -> str:
        """Return under which name it counts; when there are too many, the others have one together."""
        network = network_of(address)
        return network if network in self._counts or len(self._counts) < _MAX_ADDRESSES else _OTHERS

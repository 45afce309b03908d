"""Notices silence in a stream. One timer for the whole stream costs less than one for each part of it."""

import asyncio
from collections.abc import Callable

CLOCK_S = 0.001
"""A timer may be early by that: uvloop counts in milliseconds. One that is set again for the rest would spin."""


class Silence:
    """Calls `on_silence` whenever a silence has lasted for `limit_s`; it is none before `begin` and after `end`."""

    def __init__(self, limit_s: float, on_silence: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit_s = limit_s
        self._on_silence = on_silence
        self._since: float | None = None
        self._timer = self._loop.call_later(limit_s, self._check)

    def begin(self) -> None:
        """Expect the next part."""
        self._since = self._loop.time()

    def end(self) -> None:
        """Expect nothing: a part has come."""
        self._since = None

    def close(self) -> None:
        """Notice nothing more."""
        self._timer.cancel()

    def _check(self) -> None:
        time = self._loop.time()
        since = time if self._since is None else self._since
        if time - since >= self._limit_s - CLOCK_S:
            self._since = since = time
            self._on_silence()
        self._timer = self._loop.call_at(since + self._limit_s, self._check)

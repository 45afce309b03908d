"""An event loop whose time costs none: it jumps to the next timer as soon as there is nothing else to do.

Servers and clients may use real sockets if they run in the same loop. Processes and threads are not waited for.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")
_GRACE_S = 0.001
"""How long (in real time) data may take from one socket of the loop to another."""


class _Selector(selectors.DefaultSelector):
    """Does not wait for timers: it counts the time as passed."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        has_sockets = len(self.get_map()) > 1  # the first is the loop's own
        ready = super().select(_GRACE_S if has_sockets else 0)
        if not ready:
            passed_s = self.passed_s + timeout
            self.passed_s = max(passed_s, round(passed_s, 12))  # 0.1 ten times is not less than 1
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its time begins at 0."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds since the loop was created."""
        return self._virtual.passed_s


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine in a new loop with virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)

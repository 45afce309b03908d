"""Time that passes only where a script waits for Azure."""

import pytest

from scripts.azure import polling


class Clock:
    """In place of the module `time`; `slept` are the pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """The seconds up to now."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.now += seconds
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of every `Polling`."""
    clock = Clock()
    monkeypatch.setattr(polling, "time", clock)
    return clock

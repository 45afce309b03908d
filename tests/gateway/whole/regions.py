"""Three emulated regions behind the gateway: what to do to them, what they received, and what the gateway noted."""

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

from local.runner.session import Session

_PATIENCE_S = 30.0  # costs nothing where what is looked for comes; a loaded machine may need it
_Found = TypeVar("_Found")


def eventually(look: Callable[[], _Found], *, within_s: float = _PATIENCE_S) -> _Found:
    """Return what `look` finds, as soon as it is truthy, or at the end of our patience whatever it is."""
    deadline = time.monotonic() + within_s
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def tell_litellm(session: Session, number: signal.Signals) -> None:
    """Stop LiteLLM in the middle of whatever it does, let it go on, or kill it."""
    os.killpg(session.litellm.popen.pid, number)


@dataclass(frozen=True)
class Azure:
    """An emulator's other side: what it received, and what it shall do wrong."""

    control: httpx.Client

    def requests(self) -> list[dict[str, Any]]:
        """Return what arrived since the test began."""
        received: list[dict[str, Any]] = self.control.get("/requests").raise_for_status().json()
        return received

    def fail(self, fault: str, **options: object) -> None:
        """Let the next request fail, or as many as `count` says."""
        self.control.post("/faults", json={"fault": fault, **options}).raise_for_status()

    def mend(self) -> None:
        """Take the faults back."""
        self.control.delete("/faults").raise_for_status()

    def clear(self) -> None:
        """Forget faults and requests."""
        self.mend()
        self.control.delete("/requests").raise_for_status()


@dataclass
class GatewayLog:
    """The lines that a gateway has printed; one that is not JSON is an error."""

    file: Path
    lines: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    _read: int = 0

    def line(self, request_id: str) -> dict[str, Any]:
        """Return the one line of this request; it is written after the answer."""
        found = eventually(lambda: [line for line in self.update().lines if line["request_id"] == request_id])
        assert len(found) == 1, f"{len(found)} lines of request {request_id}"
        return found[0]

    def next_line(self, number: int) -> dict[str, Any]:
        """Return the line that follows the first `number` lines, once it is there."""
        found = eventually(lambda: self.update().lines[number:])
        assert found, "the request left no line"
        return found[0]

    def update(self) -> "GatewayLog":
        """Read what is new."""
        with self.file.open("rb") as stream:
            stream.seek(self._read)
            new, end, _ = stream.read().rpartition(b"\n")
        self._read += len(new) + len(end)
        for line in map(json.loads, new.splitlines()):
            (self.events if "event" in line else self.lines).append(line)
        return self

    def wait_for_breakers(self) -> None:
        """Wait until no region is left alone any more; each of them is asked again from then on."""
        opened: dict[tuple[str, str], float] = {}
        for event in (event for event in self.update().events if event["event"].startswith("breaker")):
            breaker = (event["region"], event["model"])
            if event["event"] == "breaker_opened":
                opened[breaker] = datetime.fromisoformat(event["time"]).timestamp() + event["seconds"]
            elif event["event"] == "breaker_closed":
                opened.pop(breaker, None)
        if opened:
            time.sleep(max(0.0, max(opened.values()) + 0.01 - datetime.now(UTC).timestamp()))


@dataclass(frozen=True, kw_only=True)
class Regions:
    """The emulated regions by name and priority, and the log of the gateway in front of them."""

    session: Session
    azures: Mapping[str, Azure]
    log: GatewayLog

    def fail(self, region: str, fault: str, **options: object) -> None:
        """Let this region fail until it is mended, or as often as `count` says."""
        self.azures[region].fail(fault, **{"count": -1, **options})

    def calls(self) -> list[dict[str, Any]]:
        """Return what the regions received, in order, once all of it is answered; each with its `region`."""

        def received() -> list[dict[str, Any]]:
            calls = [{**call, "region": name} for name, azure in self.azures.items() for call in azure.requests()]
            return sorted(calls, key=lambda call: float(call["at"]))

        eventually(lambda: all(call["status"] is not None for call in received()))
        return received()

    def asked(self) -> list[str]:
        """Return which regions received a request, in order."""
        return [call["region"] for call in self.calls()]

    def clear(self) -> None:
        """Bring the regions back to health, and the gateway back to trusting them."""
        for azure in self.azures.values():
            azure.clear()
        self.log.wait_for_breakers()

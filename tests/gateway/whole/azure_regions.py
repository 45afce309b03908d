"""Three emulated regions behind the gateway: making them fail, what they received, and the gateway's log."""

import ctypes
import json
import os
import select
import signal
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from local.runner.session import Session

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of this machine: loading certificates takes a quarter of a second per client."""
_TIMEOUT_S = 30.0  # for a busy machine
_IN_MODIFY = 2
_ESTABLISHED = "01"
_libc = ctypes.CDLL(None, use_errno=True)
_Found = TypeVar("_Found")


def eventually(look: Callable[[], _Found], *, within_s: float = _TIMEOUT_S) -> _Found:
    """Return the first truthy result of `look`, or its last one after `within_s`."""
    deadline = time.monotonic() + within_s
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def signal_litellm(session: Session, number: signal.Signals) -> None:
    """Send a signal to LiteLLM and its children."""
    os.killpg(session.litellm.popen.pid, number)


def litellm_pid(session: Session) -> int:
    """Return the process of LiteLLM itself, the child of its start command (Linux)."""
    pid = session.litellm.popen.pid
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def has_unread_data(url: str) -> bool:
    """Whether the server at this address has yet to read what a client has sent (Linux: /proc/net/tcp)."""
    port = f":{urlsplit(url).port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return any(row[1].endswith(port) and row[3] == _ESTABLISHED and int(row[4][9:], 16) > 0 for row in rows)


@dataclass(frozen=True)
class EmulatorControl:
    """The control plane of one emulator."""

    http: httpx.Client

    def requests(self) -> list[dict[str, Any]]:
        """The requests that it received since the last `clear`."""
        received: list[dict[str, Any]] = self.http.get("/requests").raise_for_status().json()
        return received

    def fail(self, fault: str, **options: object) -> None:
        """Let the next request fail, or as many as `count` says."""
        self.http.post("/faults", json={"fault": fault, **options}).raise_for_status()

    def recover(self) -> None:
        """Remove the faults."""
        self.http.delete("/faults").raise_for_status()

    def clear(self) -> None:
        """Remove faults and requests."""
        self.recover()
        self.http.delete("/requests").raise_for_status()


@dataclass(frozen=True)
class IdentityControl:
    """The control port of the identity endpoint."""

    http: httpx.Client

    def behave(self, **behaviour: object) -> None:
        """Behave like this, and in all else well; the README of `local/identity` describes the fields."""
        self.http.put("/behaviour", json=behaviour).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """The requests so far."""
        received: list[dict[str, Any]] = self.http.get("/requests").raise_for_status().json()
        return received


class _FileChanges:
    """Blocks until a file is written to (Linux, inotify)."""

    def __init__(self, file: Path) -> None:
        self._inotify = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        watch = _libc.inotify_add_watch(self._inotify, os.fsencode(file), _IN_MODIFY)
        assert min(self._inotify, watch) >= 0, os.strerror(ctypes.get_errno())

    def wait(self, timeout_s: float) -> None:
        if select.select([self._inotify], [], [], timeout_s)[0]:
            os.read(self._inotify, 65536)

    def __del__(self) -> None:
        os.close(self._inotify)


@dataclass
class GatewayLog:
    """The lines that a gateway has printed; one that is not JSON is an error."""

    file: Path
    lines: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    _read: int = 0

    def __post_init__(self) -> None:
        self._changes = _FileChanges(self.file)

    def line(self, request_id: str) -> dict[str, Any]:
        """The one line of this request; it is written after the answer."""
        (line,) = self.lines_of([request_id])
        return line

    def lines_of(self, ids: Sequence[str], *, name: str = "request_id") -> list[dict[str, Any]]:
        """The lines of these requests, one of each; `client_request_id` is the client's own name of it."""

        def find() -> list[dict[str, Any]]:
            return [line for line in self.lines if line[name] in ids]

        found = self.wait_for(lambda: lines if len(lines := find()) >= len(ids) else None) or find()
        assert sorted(line[name] for line in found) == sorted(ids)
        return found

    def lines_after(self, number: int, *, count: int = 1) -> list[dict[str, Any]]:
        """The lines after the first `number`, once there are `count` of them."""
        self.wait_for(lambda: len(self.lines) >= number + count)
        return self.lines[number:]

    def wait_for(self, look: Callable[[], _Found], *, within_s: float = _TIMEOUT_S) -> _Found:
        """Return the first truthy result of `look`, which is called after each line, or its last one."""
        deadline = time.monotonic() + within_s
        while True:
            self.update()
            found, left_s = look(), deadline - time.monotonic()
            if found or left_s <= 0:
                return found
            self._changes.wait(left_s)

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
        """Wait until every open breaker lets the next request through."""
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
class AzureRegions:
    """The emulated regions by name, in the order of their priorities, and the gateway in front of them."""

    session: Session
    regions: Mapping[str, EmulatorControl]
    log: GatewayLog

    def fail(self, region: str, fault: str, **options: object) -> None:
        """Let this region fail until `clear`, or as often as `count` says."""
        self.regions[region].fail(fault, **{"count": -1, **options})

    def requests(self) -> list[dict[str, Any]]:
        """What the regions received, in order, once all of it is answered; each with its `region`."""
        received: list[dict[str, Any]] = []

        def all_answered() -> bool:
            found = (
                {**request, "region": name} for name, region in self.regions.items() for request in region.requests()
            )
            received[:] = sorted(found, key=lambda request: float(request["at"]))
            return all(request["status"] is not None for request in received)

        eventually(all_answered)
        return received

    def regions_asked(self, request_id: str | None = None) -> list[str]:
        """Which regions received a request, in order; of one client's request, when its id is given."""
        return [
            request["region"]
            for request in self.requests()
            if request_id in (None, request["headers"].get("x-ms-client-request-id"))
        ]

    def clear(self) -> None:
        """Remove faults and requests, and wait until the gateway's breakers are over."""
        for region in self.regions.values():
            region.clear()
        self.log.wait_for_breakers()

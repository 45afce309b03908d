"""Sends raw requests without end: `python -m benchmarks.flood < plan`. A process of its own, so that it delays nobody.

Each connection sends one request of the plan again and again, the next after the response to the one before.
"""

import asyncio
import base64
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.errors import BenchmarkError

_SLICE_S = 0.01


@contextmanager
def flood(
    url: str, requests: Sequence[bytes], *, connections: int, per_second: int | None = None
) -> Iterator[Counter[str]]:
    """Send during the block, at most so many a second; the counter has the number of each status after it.

    Raises:
        BenchmarkError: it could not.
    """
    host, _, port = url.removeprefix("http://").partition(":")
    plan = {
        "host": host,
        "port": int(port),
        "requests": [base64.b64encode(request).decode() for request in requests],
        "connections": connections,
        "per_second": per_second,
    }
    statuses: Counter[str] = Counter()
    command = (sys.executable, "-m", "benchmarks.flood")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        try:
            process.stdin.write(json.dumps(plan) + "\n")
            process.stdin.flush()
            yield statuses
        finally:
            output, _ = process.communicate("end\n")
    if process.returncode:
        raise BenchmarkError("The flood of requests failed.")
    statuses.update(json.loads(output))


class _Sender(asyncio.Protocol):
    """One connection, opened anew when the server closes it."""

    def __init__(self, flood: "_Flood", request: bytes) -> None:
        self._flood = flood
        self._request = request
        self._transport: asyncio.WriteTransport | None = None
        self._is_waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._flood.is_ready(self)

    def send(self) -> None:
        """Send the request."""
        if self._transport and not self._transport.is_closing():
            self._is_waiting = True
            self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._flood.statuses[data[9:12].decode("latin-1")] += 1
            self._flood.is_ready(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._flood.reconnect(self._request)


class _Flood:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.statuses: Counter[str] = Counter()
        self._plan = plan
        self._ready: list[_Sender] = []
        self._tasks: set[asyncio.Task[object]] = set()
        self._is_ending = False

    def is_ready(self, sender: _Sender) -> None:
        """Send at once, or at the pace of the plan."""
        if self._plan["per_second"] is None:
            sender.send()
        else:
            self._ready.append(sender)

    def reconnect(self, request: bytes) -> None:
        """Open a connection for this request."""
        if not self._is_ending:
            loop = asyncio.get_running_loop()
            connecting = loop.create_connection(lambda: _Sender(self, request), self._plan["host"], self._plan["port"])
            task: asyncio.Task[object] = loop.create_task(connecting)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        """Send until the caller says that it is enough."""
        requests = [base64.b64decode(request) for request in self._plan["requests"]]
        for number in range(self._plan["connections"]):
            self.reconnect(requests[number % len(requests)])
        end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        due, last = 0.0, time.monotonic()
        while not end.done():
            await asyncio.sleep(_SLICE_S)
            time_s = time.monotonic()
            due, last = min(due + (time_s - last) * (self._plan["per_second"] or 0), len(self._ready)), time_s
            for _ in range(int(due)):
                self._ready.pop(0).send()
            due -= int(due)
        self._is_ending = True


async def _main() -> None:
    flood = _Flood(json.loads(sys.stdin.readline()))
    await flood.run()
    sys.stdout.write(json.dumps(flood.statuses))


if __name__ == "__main__":
    asyncio.run(_main())

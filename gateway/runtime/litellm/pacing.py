"""Feeds LiteLLM no faster than it translates: what arrives meanwhile is merged into fewer, larger deltas.

LiteLLM needs most of a millisecond of processor time for an event, whatever its size. While it keeps up, every event
passes as it came. Everything but deltas always does, in order.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace

from ..context import InnerCalls, Response
from ..upstream.server_sent_events import Event, EventReader
from .backlog import Backlog, is_counted

_MAX_PENDING_BYTES = 65_536
"""Beyond that Azure has to wait: the client of this stream does not read, or LiteLLM hangs."""
_MAY_DIFFER = {"delta", "sequence_number", "obfuscation"}
"""In these, deltas that are merged may differ: the merged one has what the last has, and all the text."""


def pace(response: Response, inner: InnerCalls) -> Response:
    """Return the response to an inner call; a stream at LiteLLM's pace."""
    if isinstance(response.body, bytes):
        return response
    inner.backlog = Backlog()
    stream = PacedStream(response.body, inner)

    def close() -> None:
        stream.close()
        response.close()

    return replace(response, body=stream.read(), close=close)


class _Delta:
    """Deltas of one item that wait for LiteLLM."""

    def __init__(self, event: Event, data: dict[str, object], text: str) -> None:
        self._raw = event.raw
        self._last = data
        self._texts = [text]
        self.size = len(event.raw)

    def merge(self, data: dict[str, object], text: str) -> bool:
        """Append the next delta; return False if that would lose something."""
        last = self._last
        if last.keys() != data.keys() or any(last[name] != data[name] for name in data.keys() - _MAY_DIFFER):
            return False
        self._last = data
        self._texts.append(text)
        self.size += len(text)
        return True

    def feed(self, inner: InnerCalls) -> bytes:
        """Return the event for LiteLLM: with all the text, and the number of the last."""
        kind, text = str(self._last["type"]), "".join(self._texts)
        inner.backlog.add(kind, text)
        if len(self._texts) == 1:
            return self._raw
        inner.merged_events += len(self._texts) - 1
        data = json.dumps({**self._last, "delta": text}, separators=(",", ":"))
        return f"event: {kind}\ndata: {data}\n\n".encode()


class PacedStream:
    """The stream of an inner call: a task reads it from Azure, whoever iterates over `read` feeds LiteLLM."""

    def __init__(self, body: AsyncIterator[bytes], inner: InnerCalls) -> None:
        self._body = body
        self._inner = inner
        self._backlog = inner.backlog
        self._pending: deque[_Delta | bytes] = deque()
        self._pending_deltas = 0
        self._pending_bytes = 0
        self._has_room = asyncio.Event()
        self._reading = asyncio.create_task(self._read_body())

    async def read(self) -> AsyncIterator[bytes]:
        """Yield what LiteLLM may have next, until the body has ended."""
        changed, loop = self._backlog.changed, asyncio.get_running_loop()
        while True:
            changed.clear()
            if data := self._take():
                yield data
            elif self._reading.done():
                self._reading.result()
                return
            else:
                # A timer costs a fraction of `asyncio.timeout_at`, for each delta.
                timer = loop.call_at(self._backlog.next_at, changed.set) if self._pending else None
                await changed.wait()
                if timer:
                    timer.cancel()

    def close(self) -> None:
        """Read nothing more."""
        self._reading.cancel()

    async def _read_body(self) -> None:
        reader = EventReader()
        try:
            async for part in self._body:
                if not self._pending:  # else LiteLLM is waited for
                    self._backlog.changed.set()
                for event in reader.feed(part):
                    self._add(event)
                while self._pending_bytes > _MAX_PENDING_BYTES:
                    self._has_room.clear()
                    await self._has_room.wait()
        finally:
            self._backlog.changed.set()

    def _add(self, event: Event) -> None:
        entry: _Delta | bytes = event.raw
        data, last = event.data, self._pending[-1] if self._pending else None
        if isinstance(data, dict) and is_counted(data.get("type")) and isinstance(text := data.get("delta"), str):
            is_behind = self._pending_deltas > self._backlog.room
            if is_behind and isinstance(last, _Delta) and last.merge(data, text):
                self._pending_bytes += len(text)
                return
            entry = _Delta(event, data, text)
            self._pending_deltas += 1
        self._pending.append(entry)
        self._pending_bytes += len(event.raw)

    def _take(self) -> bytes:
        """Remove and return what LiteLLM may have: the rest of the stream at once when it has ended."""
        taken, is_read = [], self._reading.done()
        while self._pending and (is_read or isinstance(self._pending[0], bytes) or self._backlog.room):
            entry = self._pending.popleft()
            if isinstance(entry, bytes):
                taken.append(entry)
                self._pending_bytes -= len(entry)
            else:
                taken.append(entry.feed(self._inner))
                self._pending_deltas -= 1
                self._pending_bytes -= entry.size
        self._has_room.set()
        return b"".join(taken)

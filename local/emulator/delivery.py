"""Sends an answer, or fails to, as the faults ordered for it say."""

from collections.abc import Iterator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.emulator.answers import EVENT_STREAM, Answer
from local.emulator.faults import Fault
from local.emulator.record import Entry
from local.emulator.spoil import spoil
from local.emulator.timing import Timing, timing
from local.emulator.wire import ClientGone, Cut, Wire


class Delivery(Response):
    """A Starlette response that can hang, stall, break off and reset; `entry` notes a client that left."""

    def __init__(self, answer: Answer, *, fault: Fault | None, entry: Entry) -> None:
        self._answer = answer if fault is None else spoil(answer, fault=fault)
        self._timing = timing(self._answer, fault=fault)
        self._entry = entry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire = Wire(scope=scope, receive=receive, send=send)
        try:
            if self._timing.headers_after_s != 0:
                await wire.wait(seconds=self._timing.headers_after_s)
            if self._timing.reset:
                await wire.cut(reset=True)
            await wire.head(status=self._answer.status, headers=list(self._all_headers()))
            if self._answer.events is None and self._timing == Timing():
                await wire.part(self._answer.body, more=False)
            else:
                await self._send_parts(wire)
        except ClientGone:
            self._entry.status = "client_gone"
        except Cut:
            self._entry.status = self._entry.status or "reset"

    async def _send_parts(self, wire: Wire) -> None:
        parts = iter(self._answer.events or _halves(self._answer.body))
        number = 0
        while number != self._timing.cut_at:
            if number == self._timing.pause_at:
                await wire.wait(seconds=self._timing.pause_s)
            data = next(parts, None)
            if data is None:
                break
            await wire.part(data, more=True)
            number += 1
        if self._timing.cut_at is not None:
            await wire.cut(reset=False)
        if self._timing.pause_at is not None and self._timing.pause_at > number:
            await wire.wait(seconds=self._timing.pause_s)
        await wire.part(b"", more=False)

    def _all_headers(self) -> Iterator[tuple[bytes, bytes]]:
        if self._answer.events is not None:
            yield b"content-type", EVENT_STREAM.encode()
        else:
            yield b"content-type", self._answer.content_type.encode()
            yield b"content-length", str(len(self._answer.body)).encode()
        for name, value in self._answer.headers.items():
            yield name.lower().encode(), value.encode()


def _halves(body: bytes) -> tuple[bytes, bytes]:
    middle = len(body) // 2
    return body[:middle], body[middle:]

"""Sends an answer as its fault says."""

import asyncio
import re
from collections.abc import Iterator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.emulator.answers import EVENT_STREAM, Answer
from local.emulator.connection import ClientGone, Connection, Cut
from local.emulator.content_faults import apply_fault
from local.emulator.faults import Fault
from local.emulator.request_log import RequestRecord
from local.emulator.sending_faults import SendingFaults, sending_faults

_REPORT = re.compile(rb'"usage":{"(input|prompt)_tokens":')


class FaultyResponse(Response):
    """A Starlette response that can hang, stall, break off and reset; `record` notes a client that disconnected."""

    def __init__(self, answer: Answer, *, fault: Fault | None, record: RequestRecord) -> None:
        self._answer = answer if fault is None else apply_fault(answer, fault=fault)
        self._faults = sending_faults(self._answer, fault=fault)
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = Connection(scope=scope, receive=receive, send=send)
        try:
            if self._faults.headers_after_s != 0:
                await connection.wait(seconds=self._faults.headers_after_s)
            if self._faults.reset:
                await connection.cut(reset=True)
            await connection.head(status=self._answer.status, headers=list(self._all_headers()))
            if self._answer.events is None and self._faults == SendingFaults():
                await connection.part(self._answer.body, more=False)
                self._record.usage = self._answer.usage
            else:
                await self._send_parts(connection)
        except ClientGone:
            self._record.status = "client_gone"
        except Cut:
            self._record.status = self._record.status or "reset"

    async def _send_parts(self, connection: Connection) -> None:
        parts = iter(self._answer.events or _halves(self._answer.body))
        clock = asyncio.get_running_loop().time
        begun = clock()
        number = 0
        while number != self._faults.cut_at:
            if number == self._faults.pause_at:
                paused = clock()
                await connection.wait(seconds=self._faults.pause_s)
                begun += clock() - paused
            data = next(parts, None)
            if data is None:
                break
            if (early_s := begun + self._due_s(number) - clock()) > 0:
                await asyncio.sleep(early_s)
            await connection.part(data, more=True)
            if self._answer.events is not None and _REPORT.search(data):
                self._record.usage = self._answer.usage
            number += 1
        if self._faults.cut_at is not None:
            await connection.cut(reset=False)
        if self._faults.pause_at is not None and self._faults.pause_at > number:
            await connection.wait(seconds=self._faults.pause_s)
        await connection.part(b"", more=False)
        if self._answer.events is None:
            self._record.usage = self._answer.usage

    def _due_s(self, number: int) -> float:
        """When a paced event is due, in seconds after the first: an event that is late delays none after it."""
        return max(0, number - self._answer.opening) / self._answer.pace if self._answer.pace else 0.0

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

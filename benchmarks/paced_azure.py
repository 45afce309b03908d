"""An Azure that answers at a model's pace, and says in the text when it sent each piece of it.

`python -m benchmarks.paced_azure` prints its port. The prompt says `pace 60 for 8`: events a second, and seconds. It
is a bare protocol: an emulator that checks requests would need more of the cores than what is measured.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.errors import BenchmarkError
from local.runner.image import ROOT
from local.runner.ports import HOST
from local.runner.processes import start

STAMP = re.compile(rb"@(\d+\.\d{4});")
"""A piece of text: when it was sent, on the clock of `time.monotonic`, which all processes of a machine share."""
DELTA = re.compile(rb'"delta":"@(\d+\.\d{4});')
"""The same in an event of a response, whose last events repeat the whole text."""
STAMP_LENGTH = 32
"""At most."""
_START_S = 10.0
_PACE = re.compile(rb"pace (\d+) for (\d+)")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
_RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "paced",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
_PLACE = {"item_id": "msg_1", "output_index": 0, "content_index": 0}


class PacedAzure(asyncio.Protocol):
    """One connection, one request at a time; every request is a streamed response of text."""

    def __init__(self) -> None:
        self._received = b""
        self._timer: asyncio.TimerHandle | None = None
        self._number = 0
        self._text: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP has one
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop: nobody reads it."""
        del exc
        if self._timer:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Begin the answer when the request is complete."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or len(body) < (int(length[1]) if length else 0):
            return
        self._received = b""
        pace = _PACE.search(body)
        per_second, seconds = (int(pace[1]), int(pace[2])) if pace else (1, 1)
        self._number, self._text = 0, []
        self._transport.write(_HEAD)
        self._send("response.created", response={**_RESPONSE, "status": "in_progress"})
        self._send("response.in_progress", response={**_RESPONSE, "status": "in_progress"})
        item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        self._send("response.output_item.added", output_index=0, item=item)
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        self._send("response.content_part.added", **_PLACE, part=part)
        self._begin(per_second, count=per_second * seconds)

    def _begin(self, per_second: int, *, count: int) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()

        def send_next() -> None:
            piece = f"@{time.monotonic():.4f};"
            self._text.append(piece)
            self._send("response.output_text.delta", **_PLACE, delta=piece, logprobs=[], obfuscation="xK7fQ2mW")
            if len(self._text) == count:
                self._finish()
            else:
                self._timer = loop.call_at(started + len(self._text) / per_second, send_next)

        send_next()

    def _finish(self) -> None:
        text = "".join(self._text)
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
        self._send("response.output_text.done", **_PLACE, text=text, logprobs=[])
        self._send("response.content_part.done", **_PLACE, part=part)
        self._send("response.output_item.done", output_index=0, item=item)
        usage = {
            "input_tokens": 10,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": len(self._text),
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 10 + len(self._text),
        }
        self._send(
            "response.completed", response={**_RESPONSE, "status": "completed", "output": [item], "usage": usage}
        )
        self._transport.write(b"0\r\n\r\n")

    def _send(self, kind: str, **fields: object) -> None:
        data = json.dumps({"type": kind, "sequence_number": self._number, **fields}, separators=(",", ":"))
        event = b"event: %b\ndata: %b\n\n" % (kind.encode(), data.encode())
        self._transport.write(b"%x\r\n%b\r\n" % (len(event), event))
        self._number += 1


@contextmanager
def run() -> Iterator[str]:
    """Run one; yield its URL."""
    command = (sys.executable, "-m", __spec__.name)
    with start("paced-azure", command, env={"PYTHONPATH": str(ROOT)}) as process:
        deadline = time.monotonic() + _START_S
        while not process.output().endswith("\n"):
            process.check()
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{__spec__.name} did not start within {_START_S:.0f} s.")
            time.sleep(0.01)
        yield f"http://{HOST}:{int(process.output())}"


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(PacedAzure, HOST, 0, backlog=1000)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())

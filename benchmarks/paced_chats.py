"""Streams that note how late each piece of their text is; a bare protocol, so that the load is a light one."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.paced_azure import DELTA, STAMP, STAMP_LENGTH
from benchmarks.targets import Target

_TIMEOUT_S = 300.0
_OK = re.compile(rb"HTTP/1\.1 200 ")


@dataclass(frozen=True, kw_only=True)
class Surface:
    """A route that streams: the field of its messages, a piece of text, and what the end of a stream contains."""

    path: str
    messages: str
    piece: re.Pattern[bytes]
    ending: bytes


CHAT = Surface(path="/v1/chat/completions", messages="messages", piece=STAMP, ending=b"[DONE]")
RESPONSES = Surface(path="/v1/responses", messages="input", piece=DELTA, ending=b'"total_tokens"')


class Chat(asyncio.Protocol):
    """One chat on a connection of its own. With `leaves`, its client goes after the first piece of text."""

    def __init__(self, request: bytes, surface: Surface, *, leaves: bool) -> None:
        self.late_s: list[float] = []
        self.first_s: float | None = None
        self.whole_s: float | None = None
        """Until the end of the stream; None if it had none."""
        self.ended = asyncio.get_running_loop().create_future()
        self._request = request
        self._surface = surface
        self._leaves = leaves
        self._rest = b""
        self._is_ok = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP has one
        self._transport = transport
        self._started = time.monotonic()
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whether it is complete is known already."""
        del exc
        if not self.ended.done():
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Compare the times in the text with now."""
        now, read = time.monotonic(), 0
        if not self._is_ok:
            self._is_ok = bool(_OK.match(data))
            if not self._is_ok:
                self._transport.abort()
                return
        text = self._rest + data
        for stamp in self._surface.piece.finditer(text):
            self.late_s.append(now - float(stamp[1]))
            read = stamp.end()
        self._rest = text[max(read, len(text) - STAMP_LENGTH) :]
        if self.late_s and self.first_s is None:
            self.first_s = now - self._started
        if self.late_s and self._leaves:
            self._transport.abort()
        elif self._surface.ending in text:
            self.whole_s = now - self._started
            self._transport.close()


async def chat(
    target: Target, model: str, *, prompt: str, count: int, leaves: bool = False, surface: Surface = CHAT
) -> Sequence[Chat]:
    """Have this many chats at once, to their end, or to the time limit."""
    address = urlsplit(target.url)
    body = json.dumps({"model": model, "stream": True, surface.messages: [{"role": "user", "content": prompt}]})
    request = (
        f"POST {surface.path} HTTP/1.1\r\nhost: {address.netloc}\r\nauthorization: Bearer {target.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    ).encode()
    loop, host, port = asyncio.get_running_loop(), str(address.hostname), int(address.port or 0)
    chats = []
    for _ in range(count):
        made = await loop.create_connection(lambda: Chat(request, surface, leaves=leaves), host, port)
        chats.append(made[1])
    await asyncio.wait([one.ended for one in chats], timeout=_TIMEOUT_S)
    return chats

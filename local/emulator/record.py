"""What the emulator received: the last requests, bounded in number and size."""

import time
from collections import deque
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.emulator import jsons
from local.emulator.faults import Surface

_MAX_ENTRIES = 10_000
_MAX_BYTES = 128 * 2**20


@dataclass(kw_only=True)
class Entry:
    """One request. `status`: None while it is answered, "client_gone" or "reset" when it ended without one."""

    n: int
    at: float
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    surface: Surface = "other"
    status: int | str | None = None
    fault: str | None = None

    def as_json(self) -> jsons.JsonObject:
        return {**vars(self), "body": _readable(self.body)}


class Records:
    """Entries oldest first; numbers go on counting when entries are forgotten."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._n = 0

    def open(self, *, scope: Scope, body: bytes) -> Entry:
        self._n += 1
        request = HTTPConnection(scope)
        entry = Entry(
            n=self._n,
            at=time.time(),
            method=scope["method"],
            path=scope["path"],
            query=dict(request.query_params),
            headers=dict(request.headers),
            body=body,
        )
        self._entries.append(entry)
        self._bytes += len(body)
        while len(self._entries) > _MAX_ENTRIES or self._bytes > _MAX_BYTES:
            self._bytes -= len(self._entries.popleft().body)
        return entry

    def clear(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def as_json(self) -> list[jsons.JsonObject]:
        return [entry.as_json() for entry in self._entries]


class Recorder:
    """ASGI layer around the data plane; handlers find the entry of their request in `request.state.entry`."""

    def __init__(self, app: ASGIApp, *, records: Records) -> None:
        self._app = app
        self._records = records

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        entry = self._records.open(scope=scope, body=body)
        scope.setdefault("state", {})["entry"] = entry

        async def note_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            await send(message)

        await self._app(scope, receive, note_status)


async def _read(receive: Receive) -> bytes:
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


def _readable(body: bytes) -> object:
    """Parsed when it is JSON, else as text; None when there was none."""
    if not body:
        return None
    try:
        return jsons.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")

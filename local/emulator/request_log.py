"""The log of received requests, limited in number and size."""

import time
from collections import deque
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.emulator import json_codec
from local.emulator.faults import Surface

_MAX_REQUESTS = 10_000
_MAX_BYTES = 128 * 2**20


@dataclass(kw_only=True)
class RequestRecord:
    """One request.

    `status`: None while it is being answered; "client_gone" or "reset" when no status was sent. `usage`: what the
    answer has reported; None if it ended before that.
    """

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
    usage: json_codec.JsonObject | None = None

    def as_json(self) -> json_codec.JsonObject:
        return {**vars(self), "body": _readable(self.body)}


class RequestLog:
    """The records, oldest first; the numbers go on after `clear`."""

    def __init__(self) -> None:
        self._records: deque[RequestRecord] = deque()
        self._bytes = 0
        self._n = 0

    def add(self, *, scope: Scope, body: bytes) -> RequestRecord:
        self._n += 1
        request = HTTPConnection(scope)
        record = RequestRecord(
            n=self._n,
            at=time.time(),
            method=scope["method"],
            path=scope["path"],
            query=dict(request.query_params),
            headers=dict(request.headers),
            body=body,
        )
        self._records.append(record)
        self._bytes += len(body)
        while len(self._records) > _MAX_REQUESTS or self._bytes > _MAX_BYTES:
            self._bytes -= len(self._records.popleft().body)
        return record

    def clear(self) -> None:
        self._records.clear()
        self._bytes = 0

    def as_json(self) -> list[json_codec.JsonObject]:
        return [record.as_json() for record in self._records]


class RequestLogMiddleware:
    """ASGI middleware; handlers find the record of their request in `request.state.record`."""

    def __init__(self, app: ASGIApp, *, log: RequestLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        record = self._log.add(scope=scope, body=body)
        scope.setdefault("state", {})["record"] = record

        async def note_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
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
    """The parsed JSON, else the text; None for an empty body."""
    if not body:
        return None
    try:
        return json_codec.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")

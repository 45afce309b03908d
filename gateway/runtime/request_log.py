"""One JSON line per request on stdout: what happened, never what was said."""

import asyncio
import json
import sys
import time
import uuid
from datetime import UTC, datetime

from .exchange import Record


class RequestLog:
    """Opens a record when a request comes, and writes it when the request is over.

    A call that comes back from LiteLLM belongs to the request that caused it, and is noted there.
    """

    def __init__(self) -> None:
        self._open: dict[str, Record] = {}

    def open(self, *, route: str, total_s: float) -> Record:
        """Begin the record of a request from outside, whose first byte is due in `total_s` seconds."""
        deadline = asyncio.get_running_loop().time() + total_s
        record = Record(request_id=uuid.uuid4().hex, route=route, started=time.monotonic(), deadline=deadline)
        self._open[record.request_id] = record
        return record

    def find(self, request_id: str) -> Record | None:
        """The record of a request that is still being answered."""
        return self._open.get(request_id)

    def close(self, record: Record) -> None:
        """Write the record's line."""
        del self._open[record.request_id]
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "request_id": record.request_id,
            "route": record.route,
            "model": record.model,
            "stream": record.stream,
            "status": record.status,
            "ms": _milliseconds(record.started, time.monotonic()),
            "first_byte_ms": record.first_byte and _milliseconds(record.started, record.first_byte),
            "attempts": record.attempts,
            "error": record.error,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def _milliseconds(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)

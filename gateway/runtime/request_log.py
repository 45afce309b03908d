"""One JSON line per request on stdout, and one per event that an operator wants to know: never what was said."""

import asyncio
import dataclasses
import json
import sys
import time
import uuid
from collections.abc import Mapping
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
        self._open[record.ticket] = record
        return record

    def find(self, ticket: str) -> Record | None:
        """The record of a request that is still being answered."""
        return self._open.get(ticket)

    def close(self, record: Record) -> None:
        """Write the record's line."""
        del self._open[record.ticket]
        first_byte_s = None if record.first_byte is None else record.first_byte - record.started
        self.tell(
            {
                "request_id": record.request_id,
                "project": record.project,
                "route": record.route,
                "model": record.model,
                "stream": record.stream,
                "status": record.status,
                "ms": _milliseconds(time.monotonic() - record.started),
                "first_byte_ms": first_byte_s and _milliseconds(first_byte_s),
                "tokens": record.tokens and dataclasses.asdict(record.tokens),
                "region": record.region,
                "attempts": record.attempts,
                "queued_ms": round(record.queued_ms, 1),
                "litellm_ms": record.litellm_ms and round(record.litellm_ms, 1),
                "dropped_fields": record.dropped,
                "error": record.error,
            }
        )

    @staticmethod
    def tell(line: Mapping[str, object]) -> None:
        """Write a line with the time before it, at once and in one piece."""
        told = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **line}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)

"""Which trace a request belongs to, and whether that trace is sent.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

import re
import secrets
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?"
)
_FIRST_VERSION, _INVALID_VERSION = "00", "ff"
_ID_LENGTH = 32
_HASH_START, _HASH_FACTOR, _MAX_HASH = 5381, 33, 2**31 - 1
_FIRST = _HASH_START * _HASH_FACTOR**_ID_LENGTH % 2**32
_FACTORS = tuple(_HASH_FACTOR**exponent % 2**32 for exponent in reversed(range(_ID_LENGTH)))
"""The start's share of an id's hash, and the factors of its digits."""


class TraceContext(NamedTuple):
    """The ids of a trace, and of the client's span in it, in lower-case hexadecimal digits."""

    trace_id: str
    parent_id: str | None = None


def read_trace_context(traceparents: Sequence[str], *, request_id: str) -> TraceContext:
    """Return what the client's header says; the request begins a trace of its own if it has none, several or a bad one.

    That trace has the id of the request, which is a UUID: who knows one finds the other.
    """
    match = _TRACEPARENT.fullmatch(traceparents[0].strip()) if len(traceparents) == 1 else None
    if match is None or match["version"] == _INVALID_VERSION:
        return TraceContext(request_id)
    is_known = match["version"] != _FIRST_VERSION or not match["more"]
    if is_known and int(match["trace"], 16) and int(match["parent"], 16):
        return TraceContext(match["trace"], match["parent"])
    return TraceContext(request_id)


def new_span_id() -> str:
    """Return the id of a new span."""
    return secrets.token_hex(8)


def is_sampled(trace_id: str, percent: float) -> bool:
    """Return whether a trace is sent: by the hash that Azure's SDKs use, so that all parts of a trace agree.

    The client's own flag has no effect: it could raise the cost.
    https://learn.microsoft.com/azure/azure-monitor/app/sampling
    """
    number = (_FIRST + sum(map(mul, _FACTORS, trace_id.encode()))) % 2**32
    number = min(number if number <= _MAX_HASH else 2**32 - number, _MAX_HASH)
    return percent >= 100 or number / _MAX_HASH * 100 < percent

"""The body of a request: one JSON object of bounded size and depth, that comes in bounded time."""

import asyncio
import json
import math
import zlib
from typing import Any

from aiohttp import HttpVersion11, web

from .configuration import Limits
from .errors import RefusedError, error, invalid
from .room import Take

_MOST_MARKS = 500_000
_BYTES_OF_A_VALUE = 100
_WIDEST = 4
"""A body of brackets or of emojis is many times as long in memory; the marks are those before a value."""


async def read(
    request: web.BaseRequest, *, until: float, limits: Limits, take: Take
) -> tuple[bytes, dict[str, object]]:
    """Return the body as it came (inflated, where it was compressed) and as an object; `take` room for it.

    Raises:
        RefusedError: 400, 408, 413 or 415, with what is wrong; `until` is the event loop's time.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise _unsupported("The content type must be application/json.")
    if (request.content_length or 0) > limits.max_body_bytes:
        raise _too_large(limits)
    try:
        async with asyncio.timeout_at(until):
            body = await _read(request, limits, take)
    except TimeoutError:
        raise RefusedError(error(408, "The request's body did not come in time.", code="request_timeout")) from None
    except (web.RequestPayloadError, ConnectionError, zlib.error):
        raise invalid("The request's body cannot be read.", code="invalid_body") from None
    marks = sum(map(body.count, (b",", b"[", b"{")))
    if marks > _MOST_MARKS:
        message = f"The request's body has over {_MOST_MARKS} commas and brackets."
        raise RefusedError(error(413, message, code="request_too_large"))
    take(marks * _BYTES_OF_A_VALUE + (0 if body.isascii() and b"\\u" not in body else (_WIDEST - 1) * len(body)))
    fields = _parse(body)
    if _is_deeper(fields, limits.max_depth):
        raise invalid(f"The request's body is nested deeper than {limits.max_depth} levels.", code="invalid_json")
    return body, fields


async def _read(request: web.BaseRequest, limits: Limits, take: Take) -> bytes:
    encoding, body = request.headers.get("content-encoding", "identity").lower(), bytearray()
    if encoding not in ("identity", "gzip", "deflate"):
        raise _unsupported("The content encoding must be gzip or deflate, or none.")
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if encoding != "identity" else None
    if request.headers.get("expect", "").lower() == "100-continue" and request.version == HttpVersion11:
        # Nobody but a key's owner is asked to go on. What aiohttp counts is the answer, which this is not.
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    while chunk := await request.content.readany():
        more = inflater.decompress(chunk, limits.max_body_bytes + 1 - len(body)) if inflater else chunk
        take(len(more))
        body += more
        if len(body) > limits.max_body_bytes:
            raise _too_large(limits)
        if inflater and inflater.unused_data:
            raise zlib.error("more than one")
    if inflater and not inflater.eof:
        raise zlib.error("cut")
    return bytes(body)


def _unsupported(message: str) -> RefusedError:
    return RefusedError(error(415, message, code="unsupported_media_type"))


def _too_large(limits: Limits) -> RefusedError:
    message = f"The request's body is larger than {limits.max_body_bytes} bytes."
    return RefusedError(error(413, message, code="request_too_large"))


def _parse(body: bytes) -> dict[str, object]:
    try:
        fields = _DECODER.decode(body.decode())
    except _TwiceError:
        # Whoever reads the body next may take the first of two models where we took the last.
        raise invalid("The request's body has the same field twice.", code="invalid_json") from None
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise invalid("The request's body must be one JSON object.", code="invalid_json")
    return fields


class _TwiceError(ValueError):
    """An object that has two values for a name."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _TwiceError
    return fields


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("no JSON")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_constant=_number)


def _is_deeper(value: object, levels: int) -> bool:
    """Level by level, as the C of a list comprehension is fast where a function of our own is not."""
    level: list[Any] = [value]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True

"""Reads a request body: one JSON object of limited size, within a limited time."""

import asyncio
import json
import math
import zlib
from collections.abc import Iterator

from aiohttp import HttpVersion11, web

from settings.limits import Limits

from ..errors import RefusedError, error_response, invalid_request
from .cpu_share import Turn
from .json_size import check_size
from .memory_budget import Reserve

_PIECE_BYTES = 262_144
_BYTES_PER_VALUE = 100
_BYTES_PER_WIDE_CHARACTER = 4
"""A text with a single wide character has four bytes for each of its characters in memory."""


async def receive_body(http_request: web.BaseRequest, *, deadline: float, limits: Limits, reserve: Reserve) -> bytes:
    """Return the body as received (decompressed); `reserve` memory for it.

    Raises:
        RefusedError: 400, 408, 413 or 415.
    """
    content_type = http_request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise _unsupported_media_type("The content type must be application/json.")
    if (http_request.content_length or 0) > limits.max_body_bytes:
        raise _too_large(limits)
    try:
        async with asyncio.timeout_at(deadline):
            return await _receive(http_request, limits, reserve)
    except TimeoutError:
        message = "The request body did not arrive in time."
        raise RefusedError(error_response(408, message, code="request_timeout")) from None
    except (web.RequestPayloadError, ConnectionError, zlib.error):
        raise invalid_request("The request body cannot be read or decompressed.", code="invalid_body") from None


async def parse_body(body: bytes, limits: Limits, reserve: Reserve, turn: Turn) -> dict[str, object]:
    """Return the body's fields; `reserve` memory for them.

    Raises:
        RefusedError: 400 or 413.
    """
    values = await check_size(body, limits, turn)
    is_wide = not body.isascii() or b"\\u" in body
    reserve(values * _BYTES_PER_VALUE + ((_BYTES_PER_WIDE_CHARACTER - 1) * len(body) if is_wide else 0))
    await turn.rest()
    fields = _parse(body)
    await turn.rest()
    return fields


async def _receive(http_request: web.BaseRequest, limits: Limits, reserve: Reserve) -> bytes:
    encoding, body = http_request.headers.get("content-encoding", "identity").lower(), bytearray()
    if encoding not in ("identity", "gzip", "deflate"):
        raise _unsupported_media_type("The content encoding must be gzip, deflate or identity.")
    decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if encoding != "identity" else None
    if http_request.headers.get("expect", "").lower() == "100-continue" and http_request.version == HttpVersion11:
        # Only an authenticated client is asked to continue. aiohttp counts these bytes as a begun response.
        await http_request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        http_request.writer.output_size = 0
    while chunk := await http_request.content.readany():
        for data in _decompress(decompressor, chunk) if decompressor else (chunk,):
            reserve(len(data))
            body += data
            if len(body) > limits.max_body_bytes:
                raise _too_large(limits)
            if decompressor:
                await asyncio.sleep(0)
    if decompressor and not decompressor.eof:
        raise zlib.error("incomplete")
    return bytes(body)


def _decompress(decompressor: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
    """Yield what a chunk contains, in pieces: others have their turn between them."""
    is_more = True
    while is_more:
        yield (data := decompressor.decompress(chunk, _PIECE_BYTES))
        if decompressor.unused_data:
            raise zlib.error("data after the end")
        chunk, is_more = decompressor.unconsumed_tail, len(data) == _PIECE_BYTES


def _unsupported_media_type(message: str) -> RefusedError:
    return RefusedError(error_response(415, message, code="unsupported_media_type"))


def _too_large(limits: Limits) -> RefusedError:
    message = f"The request body is larger than {limits.max_body_bytes} bytes."
    return RefusedError(error_response(413, message, code="request_too_large"))


def _parse(body: bytes) -> dict[str, object]:
    try:
        fields = _DECODER.decode(body.decode())
    except _DuplicateFieldError:
        # The upstream might use the first of two models where the gateway used the last.
        raise invalid_request("The request body has the same field twice.", code="invalid_json") from None
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise invalid_request("The request body must be one JSON object.", code="invalid_json")
    return fields


class _DuplicateFieldError(ValueError):
    """An object has two values for a name."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _DuplicateFieldError
    return fields


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not JSON")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_constant=_number)

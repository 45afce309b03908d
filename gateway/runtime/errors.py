"""Error answers in OpenAI's shape, so that every client and SDK understands them.

https://platform.openai.com/docs/guides/error-codes
"""

import json
import math
from collections.abc import Mapping
from dataclasses import replace

from .exchange import Answer, Surface, Transient

INTERRUPTED = "The upstream stopped in the middle of its answer"


def error(
    status: int,
    message: str,
    *,
    type: str = "invalid_request_error",  # noqa: A002 - OpenAI's name of the field
    param: str | None = None,
    code: str | None = None,
    retry_after: float | None = None,
) -> Answer:
    """Build an error answer; `retry_after` is in seconds, of which HTTP knows whole ones and OpenAI's SDK more."""
    body = {"error": {"message": message, "type": type, "param": param, "code": code}}
    headers = {"content-type": "application/json"}
    if retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(retry_after)))
        headers["retry-after-ms"] = str(math.ceil(retry_after * 1000))
    return Answer(status=status, body=json.dumps(body).encode(), headers=headers, error=code)


class RefusedError(Exception):
    """The door stays shut; `answer` tells the client why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def invalid(message: str, *, param: str | None = None, code: str = "invalid_value") -> RefusedError:
    """A request that makes no sense: 400."""
    return RefusedError(error(400, message, param=param, code=code))


def unauthorized() -> Answer:
    """No key or a wrong one: the same words, so that nobody learns which."""
    message = "Incorrect API key provided. Send it as 'Authorization: Bearer <key>' or 'x-gateway-key: <key>'."
    return error(401, message, code="invalid_api_key")


def exhausted(failure: Transient) -> Answer:
    """No attempt succeeded: say whether waiting helps, as clients back off on 429 and 503 differently."""
    if failure.status == 429:
        message = "Azure OpenAI is rate limited. Please try again later."
        after = failure.retry_after or 10.0
        return error(429, message, type="rate_limit_error", code="rate_limit_exceeded", retry_after=after)
    message = f"Azure OpenAI could not answer ({failure.status}: {failure.reason}). Please try again later."
    return error(503, message, type="server_error", code="upstream_unavailable", retry_after=failure.retry_after)


def displaced(retry_after: float | None) -> Answer:
    """What a conversation goes on from is in one region alone, and that one cannot answer."""
    message = "This conversation belongs to a region that cannot answer now. Please try again later."
    return error(503, message, type="server_error", code="conversation_unavailable", retry_after=retry_after)


def told(status: int, said: Mapping[str, object]) -> Answer:
    """An error that Azure told inside a stream, as an answer of its own."""
    message, kind = str(said.get("message") or INTERRUPTED), str(said.get("type") or "server_error")
    param, code = (str(said[name]) if said.get(name) else None for name in ("param", "code"))
    return replace(error(status, message, type=kind, param=param, code=code), error="upstream_refused")


def untranslatable(failure: Transient | None, reason: str = "") -> Answer:
    """LiteLLM itself failed, or refused what it should translate; Azure was not asked, or answered well."""
    if failure is not None:
        message = f"LiteLLM could not translate this request ({failure.status}: {failure.reason})."
        return error(502, message, type="server_error", code="translation_failed")
    return error(400, f"LiteLLM cannot translate this request: {reason}", code="translation_refused")


def interruption(surface: Surface, sequence_number: int) -> bytes:
    """The last event of a stream that broke off, as each surface spells it.

    The Responses API documents an `error` event with the fields at its top; the `openai` SDK raises on a nested
    `error`. Both are there, so that neither kind of reader takes a cut stream for a finished answer.
    https://platform.openai.com/docs/api-reference/responses-streaming/error
    """
    detail = {"message": INTERRUPTED, "type": "server_error", "param": None, "code": "upstream_interrupted"}
    if surface is Surface.RESPONSES:
        event = {**detail, "type": "error", "sequence_number": sequence_number, "error": detail}
        return b"event: error\ndata: " + json.dumps(event).encode() + b"\n\n"
    return b"data: " + json.dumps({"error": detail}).encode() + b"\n\n"

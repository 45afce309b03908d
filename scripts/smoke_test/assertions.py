"""What a good answer has: each assertion returns a note about it, or raises `AssertionFailure`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from scripts.advice.entries import entry
from scripts.smoke_test.http import Response
from scripts.smoke_test.target import Deployment

Assertion = Callable[[Response], str]
_LENGTH = (0.9, 1.1)
"""OpenAI's vectors have length 1. https://platform.openai.com/docs/guides/embeddings"""
_ERROR_FIELDS = {"message": str, "type": str, "param": str | None, "code": str | None}
"""https://platform.openai.com/docs/guides/error-codes"""


class AssertionFailure(Exception):  # noqa: N818 - a result, not a defect of this program
    """An answer that is not what it must be; `words` are values for its advice."""

    def __init__(self, note: str, *, advice: str = "incomplete-answer", **words: object) -> None:
        super().__init__(note)
        self.note = note
        self.advice = entry(advice)
        self.words = words


def evaluate(assertion: Assertion, response: Response) -> str:
    """The assertion's note. A server may send any JSON, and a field of another type is as wrong as a missing one."""
    try:
        return assertion(response)
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        raise AssertionFailure("a field of another type") from None


def lists_models(names: Iterable[str]) -> Assertion:
    """A list of models with all of these."""
    expected = list(names)

    def assertion(response: Response) -> str:
        data = _fields(response).get("data")
        listed = [str(item.get("id")) for item in data if isinstance(item, dict)] if isinstance(data, list) else []
        if missing := [name for name in expected if name not in listed]:
            raise AssertionFailure(f"missing: {', '.join(missing)}", advice="missing-models")
        return ", ".join(listed)

    return assertion


def is_response(deployment: Deployment) -> Assertion:
    """A completed response with text and usage."""
    return lambda response: _response(_fields(response), deployment)


def is_response_stream(deployment: Deployment) -> Assertion:
    """The same in events: https://platform.openai.com/docs/api-reference/responses-streaming."""

    def assertion(response: Response) -> str:
        if response.media_type != "text/event-stream":
            _fields(response)
            raise AssertionFailure(f"{response.media_type} instead of a stream")
        events = list(_events(response.text))
        _check_order(events, response)
        note = _response(events[-1].get("response") or {}, deployment)
        return f"first event after {response.first_ms:.0f} ms, {len(events)} events, {note}"

    return assertion


def is_chat_completion(deployment: Deployment) -> Assertion:
    """A chat completion with text and usage."""

    def assertion(response: Response) -> str:
        fields = _fields(response)
        choices = [choice for choice in fields.get("choices") or () if isinstance(choice, dict)]
        message = choices[0].get("message") if choices else None
        if not isinstance(message, dict) or not str(message.get("content") or "").strip():
            raise AssertionFailure("no text")
        return f"{_tokens(fields, 'prompt_tokens', 'completion_tokens')}{_model(fields, deployment)}"

    return assertion


def is_embedding(deployment: Deployment) -> Assertion:
    """A vector of the settings' dimension and of length 1."""

    def assertion(response: Response) -> str:
        data = _fields(response).get("data")
        vector = data[0].get("embedding") if isinstance(data, list) and data and isinstance(data[0], dict) else None
        if not isinstance(vector, list) or not vector or not all(type(number) in (int, float) for number in vector):
            raise AssertionFailure("no vector")
        count, expected = len(vector), deployment.model.dimension
        if count != expected:
            note = f"{count} numbers instead of {expected}"
            raise AssertionFailure(note, advice="wrong-dimension", length=count, expected=expected)
        length = math.sqrt(sum(number * number for number in vector))
        if not _LENGTH[0] < length < _LENGTH[1]:
            raise AssertionFailure(f"a vector of length {length:.3g}, not 1")
        return f"{count} numbers{_model(response.fields, deployment)}"

    return assertion


def is_refusal(*, status: int, code: str, if_answered: str) -> Assertion:
    """An OpenAI error of this status and code; `if_answered` is the advice if there was an answer instead."""

    def assertion(response: Response) -> str:
        if response.status < 300:
            raise AssertionFailure("answered", advice=if_answered)
        error, note = response.error, ""
        wrong = [name for name, kind in _ERROR_FIELDS.items() if name not in error or not isinstance(error[name], kind)]
        if wrong or not error["message"] or "json" not in response.media_type:
            note = f"{response.status}, and no OpenAI error: {', '.join(wrong) or 'no message'}"
        elif (response.status, error["code"]) != (status, code):
            note = f"{response.status} {error['code']} instead of {status} {code}"
        if note:
            raise AssertionFailure(note, advice="not-an-openai-error")
        return f"{status} {code}"

    return assertion


def _fields(response: Response) -> Mapping[str, Any]:
    """Those of a JSON answer that is complete."""
    if response.broken:
        raise AssertionFailure(f"ends early: {response.broken}", advice="cut-off")
    if not response.fields or "json" not in response.media_type:
        raise AssertionFailure("200 without JSON", advice="no-json")
    return response.fields


def _response(fields: Mapping[str, Any], deployment: Deployment) -> str:
    if fields.get("status") != "completed":
        raise AssertionFailure(f"status {fields.get('status')}")
    items = [item for item in fields.get("output") or () if isinstance(item, dict)]
    parts = [part for item in items for part in item.get("content") or () if isinstance(part, dict)]
    if not "".join(str(part.get("text", "")) for part in parts if part.get("type") == "output_text").strip():
        raise AssertionFailure("no text")
    return f"{_tokens(fields, 'input_tokens', 'output_tokens')}{_model(fields, deployment)}"


def _tokens(fields: Mapping[str, Any], *names: str) -> str:
    usage = fields.get("usage")
    counts = [usage.get(name) if isinstance(usage, dict) else None for name in names]
    if not all(type(count) is int and count > 0 for count in counts):
        raise AssertionFailure("no usage")
    return f"{counts[0]} + {counts[1]} tokens"


def _model(fields: Mapping[str, Any], deployment: Deployment) -> str:
    """Azure names the deployment, or the model behind it with its date: another name is no failure."""
    name = fields.get("model")
    if not isinstance(name, str) or not name:
        raise AssertionFailure("no model")
    known = (deployment.model.name, deployment.model.deployment)
    return "" if name.startswith(known) else f", answered as {name[:40]}"


def _events(text: str) -> Iterator[Mapping[str, Any]]:
    """The data of each complete event."""
    for block in text.replace("\r\n", "\n").split("\n\n")[:-1]:
        data = "\n".join(line[5:].strip() for line in block.split("\n") if line.startswith("data:"))
        try:
            parsed = json.loads(data) if data and data != "[DONE]" else None
        except (ValueError, RecursionError):
            raise AssertionFailure("an event without JSON") from None
        if isinstance(parsed, dict):
            yield parsed


def _check_order(events: Sequence[Mapping[str, Any]], response: Response) -> None:
    kinds = [str(event.get("type")) for event in events]
    last = kinds[-1] if kinds else "nothing"
    if last in ("error", "response.failed"):
        raise AssertionFailure(f"breaks off: {_code(events[-1]) or 'error'}", advice="interrupted")
    if last == "response.incomplete":
        raise AssertionFailure("ends with response.incomplete")
    if last != "response.completed":
        broken = f" ({response.broken})" if response.broken else ""
        raise AssertionFailure(f"ends after {last}{broken}", advice="cut-off")
    if kinds[0] != "response.created":
        raise AssertionFailure(f"begins with {kinds[0]}")
    if "response.output_text.delta" not in kinds:
        raise AssertionFailure("no text before the end")
    numbers = [event.get("sequence_number") for event in events]
    if numbers != sorted(set(numbers), key=lambda number: number if isinstance(number, int) else -1):
        raise AssertionFailure("events out of order")


def _code(event: Mapping[str, Any]) -> str:
    """Of an error that Azure sent, or the gateway on its behalf."""
    response = event.get("response")
    error = event.get("error") or (response.get("error") if isinstance(response, dict) else None) or event
    return str(error.get("code") or "")[:40] if isinstance(error, dict) else ""

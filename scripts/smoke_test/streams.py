"""A streamed response: its events in their order, until the one that says that it is whole.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.smoke_test.answers import Judge, complete_response
from scripts.smoke_test.diagnosis import FIELDS
from scripts.smoke_test.exchange import Answer
from scripts.smoke_test.misfits import MisfitError, cut, hollow, whole
from scripts.smoke_test.offer import Served

_FIRST, _LAST, _DELTA = "response.created", "response.completed", "response.output_text.delta"


def streams(served: Served) -> Judge:
    """A response in events."""

    def judge(answer: Answer) -> str:
        if answer.media_type != "text/event-stream":
            whole(answer)
            raise hollow(f"no stream but {answer.media_type}")
        events = list(_events(answer.text))
        _in_order(events, answer)
        said = complete_response(events[-1].get("response") or {}, served)
        return f"first event after {answer.first_ms:.0f} ms, {len(events)} events, {said}"

    return judge


def _events(text: str) -> Iterator[Mapping[str, Any]]:
    """Each event's data; what a cut stream ends with is none."""
    blocks = text.replace("\r\n", "\n").split("\n\n")
    for block in blocks[:-1]:
        data = "\n".join(line[5:].strip() for line in block.split("\n") if line.startswith("data:"))
        try:
            parsed = json.loads(data) if data and data != "[DONE]" else None
        except (ValueError, RecursionError):
            raise hollow("an event that is no JSON") from None
        if isinstance(parsed, dict):
            yield parsed


def _in_order(events: Sequence[Mapping[str, Any]], answer: Answer) -> None:
    kinds = [str(event.get("type")) for event in events]
    if kinds and kinds[-1] in ("error", "response.failed"):
        raise _told(events[-1])
    if not kinds or kinds[-1] != _LAST:
        if kinds and kinds[-1] == "response.incomplete":
            raise hollow("ends with response.incomplete")
        raise cut(f"ends after {kinds[-1] if kinds else 'nothing'}{f' ({answer.broke})' if answer.broke else ''}")
    if kinds[0] != _FIRST:
        raise hollow(f"begins with {kinds[0]}")
    if _DELTA not in kinds:
        raise hollow("no text comes before the end")
    numbers = [event.get("sequence_number") for event in events]
    if numbers != sorted(set(numbers), key=lambda number: number if isinstance(number, int) else -1):
        raise hollow("events out of order")


def _told(event: Mapping[str, Any]) -> MisfitError:
    """Azure, or the gateway on its behalf, says that the stream failed."""
    response = event.get("response")
    error = event.get("error") or (response.get("error") if isinstance(response, dict) else None) or event
    code = str(error.get("code") if isinstance(error, dict) else "")[:40]
    return MisfitError(
        f"breaks off: {code or 'error'}",
        layer="Azure",
        meaning="Azure OpenAI broke its answer off after it had begun.",
        look_at=("the service health of the region of {endpoint}", FIELDS),
    )

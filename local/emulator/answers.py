"""An answer before it is sent: a status, headers and either one body or the events of a stream."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from local.emulator import json_codec
from local.emulator.azure_errors import AzureError
from local.emulator.json_codec import JsonObject

JSON = "application/json; charset=utf-8"
EVENT_STREAM = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`events` of a stream, each a complete SSE frame; None: `body` is the whole answer.

    `opening`: how many events come before the first token. `pace`: events a second after them; None: no waiting.
    `tokens`: what the answer takes from the quota. `usage`: what its body or its last event reports.
    `error_event`: writes the in-band error of this kind of stream, given the number of events before it.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    body: bytes = b""
    events: Iterable[bytes] | None = None
    opening: int = 0
    pace: int | None = None
    tokens: int = 0
    usage: JsonObject | None = None
    error_event: Callable[[int], bytes] | None = None


def whole(value: JsonObject, *, tokens: int = 0) -> Answer:
    return Answer(body=json_codec.dumps(value), tokens=tokens, usage=value.get("usage"))


def refusal(error: AzureError) -> Answer:
    return Answer(status=error.status, headers=error.headers, body=error.body)

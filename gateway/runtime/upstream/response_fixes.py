"""Changes to responses that clients need. A response that needs none passes byte for byte.

So does one of an unexpected structure. The fixes of LiteLLM's responses are in `litellm/`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..context import ModelRequest, Surface
from ..response_owner import remove_mark
from ..token_usage import reports_usage
from .server_sent_events import Event

Fields = dict[str, Any]
_NO_USAGE = b',"usage":null'
_ARGUMENTS_DELTA = "response.function_call_arguments.delta"


@dataclass(frozen=True)
class ResponseFix:
    """A function that returns the fields of a response or an event, fixed where necessary."""

    fix: Callable[[Fields], Fields]

    def fix_body(self, body: bytes, data: object) -> bytes:
        """Return the body for the client; `data` is the parsed body, in which large integers are not exact."""
        fixed = self._fixed(data)
        return body if fixed is data or fixed == data else _json(self._fixed(json.loads(body)))

    def fix_event(self, event: Event) -> bytes:
        """Return the event for the client; empty if the client must not see it."""
        fixed = self._fixed(event.data)
        if fixed is event.data or fixed == event.data:
            return event.raw
        head = event.raw[: event.raw.index(b"data:")]
        if kind := _changed_type(event.data, fixed):
            head = b"event: %b\n" % kind.encode()
        return head + b"data: " + _json(fixed) + b"\n\n"

    def _fixed(self, data: object) -> object:
        try:
            return self.fix(data) if isinstance(data, dict) else data
        except (AttributeError, LookupError, TypeError, ValueError):
            return data


def _changed_type(data: object, fixed: object) -> str | None:
    """Return the new type of an event, which is also its name."""
    if not isinstance(data, dict) or not isinstance(fixed, dict) or fixed.get("type") == data.get("type"):
        return None
    return str(fixed["type"])


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def add_arguments_index(fields: Fields) -> Fields:
    """Add a field by which Roo distinguishes parallel tool calls; the Responses API does not send it."""
    if fields.get("type") != _ARGUMENTS_DELTA:
        return fields
    return {"index": fields["output_index"], **fields}


class WithoutOwner(ResponseFix):
    """Stored responses have the mark of their project."""

    def fix_body(self, body: bytes, data: object) -> bytes:
        return remove_mark(super().fix_body(body, data))

    def fix_event(self, event: Event) -> bytes:
        return remove_mark(super().fix_event(event))


class WithoutUsage(ResponseFix):
    """The client of a chat has not asked for the usage, which comes in a chunk of its own; the others have null."""

    def fix_event(self, event: Event) -> bytes:
        data = event.data
        if isinstance(data, dict) and data.get("usage") and not data.get("choices"):
            return b""
        return event.raw.replace(_NO_USAGE, b"")  # no text contains it: its quotes are escaped there


NO_FIX = ResponseFix(lambda fields: fields)
AZURE_RESPONSES = WithoutOwner(add_arguments_index)
_WITHOUT_USAGE = WithoutUsage(lambda fields: fields)


def select_azure_fix(request: ModelRequest) -> ResponseFix:
    """Return the fix for Azure's own responses."""
    if request.surface is Surface.CHAT and request.stream and not reports_usage(request.fields):
        return _WITHOUT_USAGE
    return AZURE_RESPONSES if request.surface is Surface.RESPONSES else NO_FIX

"""What clients need and an upstream does not send. Each repair of LiteLLM has a test that fails when it may go.

What needs none, or has another shape than the known one, passes byte for byte.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .events import Event
from .exchange import Call, Surface
from .litellm_chat import mend_bridged_chat, mend_chat
from .litellm_responses import mend_response

_ARGUMENTS = "response.function_call_arguments.delta"


class Repair(Protocol):
    """Mends a finished answer of status 200, or the events of a streamed one."""

    def whole(self, body: bytes, data: object) -> bytes:
        """Return what the client gets of a whole answer; `data` is the body, parsed."""
        ...

    def event(self, event: Event) -> bytes:
        """Return what the client gets of an event; nothing, should it be none of its business."""
        ...


@dataclass(frozen=True)
class _Mending:
    """A repair made of a function that returns the same fields, or better ones."""

    mend: Callable[[dict[str, Any]], dict[str, Any]]

    def whole(self, body: bytes, data: object) -> bytes:
        mended = self._mended(data)
        return body if mended == data else _json(mended)

    def event(self, event: Event) -> bytes:
        mended = self._mended(event.data)
        if mended == event.data:
            return event.raw
        return event.raw[: event.raw.index(b"data:")] + b"data: " + _json(mended) + b"\n\n"

    def _mended(self, data: object) -> object:
        try:
            return self.mend(data) if isinstance(data, dict) else data
        except (AttributeError, LookupError, TypeError, ValueError):
            return data


class _NamedEvents(_Mending):
    """LiteLLM leaves out the names of the events, and ends the stream as chat completions end."""

    def event(self, event: Event) -> bytes:
        if event.data == "[DONE]":
            return b""
        mended = super().event(event)
        if not isinstance(event.data, dict) or mended.startswith(b"event:"):
            return mended
        return b"event: " + str(event.data.get("type")).encode() + b"\n" + mended


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _with_index(event: dict[str, Any]) -> dict[str, Any]:
    """Roo tells parallel calls apart by a field that the Responses API does not send."""
    return {"index": event["output_index"], **event} if event.get("type") == _ARGUMENTS else event


AS_IT_CAME: Repair = _Mending(lambda data: data)
ARGUMENTS_INDEX: Repair = _Mending(_with_index)
LITELLM_CHAT: Repair = _Mending(mend_chat)
LITELLM_BRIDGED_CHAT: Repair = _Mending(mend_bridged_chat)
LITELLM_RESPONSES: Repair = _NamedEvents(lambda data: _with_index(mend_response(data)))


def repair_of(call: Call) -> Repair:
    """The repair that this call's answer needs."""
    if call.surface is Surface.RESPONSES:
        return LITELLM_RESPONSES if call.translated else ARGUMENTS_INDEX
    if call.surface is Surface.CHAT and call.translated:
        return LITELLM_BRIDGED_CHAT if call.model.kind == "responses" else LITELLM_CHAT
    return AS_IT_CAME

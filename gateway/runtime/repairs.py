"""What clients need and an upstream does not send; each repair has a test that fails when it may go.

Only what needs it is written anew; all else stays byte for byte.
"""

from typing import Protocol

from .events import Event
from .exchange import Call, Surface


class Repair(Protocol):
    """Mends a finished answer of status 200, or the events of a streamed one, for one call."""

    def whole(self, body: bytes, data: object) -> bytes:
        """Return what the client gets of a whole answer; `data` is the body, parsed."""
        ...

    def event(self, event: Event) -> bytes:
        """Return what the client gets of an event; nothing, should it be none of its business."""
        ...


class _AsItCame:
    def whole(self, body: bytes, data: object) -> bytes:  # noqa: ARG002 - the protocol's
        return body

    def event(self, event: Event) -> bytes:
        return event.raw


class _ArgumentsIndex(_AsItCame):
    pass


class _LiteLLMChat(_AsItCame):
    pass


AS_IT_CAME: Repair = _AsItCame()
ARGUMENTS_INDEX: Repair = _ArgumentsIndex()
LITELLM_CHAT: Repair = _LiteLLMChat()


def repair_of(call: Call) -> Repair:
    """The repair that this call's answer needs."""
    if call.surface is Surface.RESPONSES:
        return ARGUMENTS_INDEX
    return LITELLM_CHAT if call.translated and call.surface is Surface.CHAT else AS_IT_CAME

"""Fixes LiteLLM's responses, so that they have OpenAI's structure and Azure's ids.

https://platform.openai.com/docs/api-reference/responses/object
"""

import base64

from ..upstream.response_fixes import Fields, ResponseFix, add_arguments_index
from ..upstream.server_sent_events import DONE, Event

_PREFIX = "resp_"
_WRAPPED = "bGl0ZWxsbT"  # "litellm:" in base64
_NULLABLE = (
    "completed_at",
    "error",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "safety_identifier",
    "usage",
)


class _NamedEventsFix(ResponseFix):
    """LiteLLM omits the names of the events, and ends the stream like chat completions."""

    def fix_event(self, event: Event) -> bytes:
        if event.data == DONE:
            return b""
        fixed = super().fix_event(event)
        if not isinstance(event.data, dict) or fixed.startswith(b"event:"):
            return fixed
        return b"event: " + str(event.data.get("type")).encode() + b"\n" + fixed


def _fix_answer(answer: Fields) -> Fields:
    """A whole response, or an event of a stream, some of which contain the response."""
    if answer.get("object") == "response":
        return _fix_response(answer)
    if "response" not in answer:
        return add_arguments_index(answer)
    # The event has the model's name that the client uses, the response in it that of the deployment.
    model = {"model": answer["model"]} if "model" in answer else {}
    return {**answer, "response": {**_fix_response(answer["response"]), **model}}


def _fix_response(response: Fields) -> Fields:
    """In streams LiteLLM omits fields that are null. Its price is an estimate."""
    fixed = {**dict.fromkeys(_NULLABLE), **response, "id": _unwrap_id(response["id"])}
    if usage := response.get("usage"):
        fixed["usage"] = {name: value for name, value in usage.items() if name != "cost"}
    return fixed


def _unwrap_id(response_id: str) -> str:
    """Return Azure's id, which LiteLLM wraps in one of 300 characters.

    The wrapping depends on LiteLLM's configuration, and a conversation may outlive that.
    """
    encoded = response_id.removeprefix(_PREFIX)
    if not encoded.startswith(_WRAPPED):
        return response_id
    return base64.b64decode(encoded).decode().partition("response_id:")[2] or response_id


LITELLM_RESPONSES = _NamedEventsFix(_fix_answer)

"""Fixes LiteLLM's responses, so that they have OpenAI's structure and Azure's ids.

https://platform.openai.com/docs/api-reference/chat/object
https://platform.openai.com/docs/api-reference/chat-streaming
https://platform.openai.com/docs/api-reference/responses/object
"""

import base64

from ..context import ModelRequest, Surface
from ..upstream.response_fixes import NO_FIX, Fields, ResponseFix, add_arguments_index
from ..upstream.server_sent_events import DONE, Event
from .custom_tool_calls import CustomToolCalls, read_custom_tools

_ID_PREFIX = "resp_"
_WRAPPED_ID = "bGl0ZWxsbT"  # "litellm:" in base64
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


def build_bridged_chat_fix(refusal_mark: str) -> ResponseFix:
    """For a Responses model: text and tool calls are parts of one message, of which LiteLLM makes several choices."""

    def fix(answer: Fields) -> Fields:
        fixed = _fix_chat(answer)
        choices = fixed["choices"]
        if choices and "message" in choices[0]:
            choices = [_merge(choices)]
        return {**fixed, "choices": [_restore_refusal(_in_first_choice(choice), refusal_mark) for choice in choices]}

    return ResponseFix(fix)


def _in_first_choice(choice: Fields) -> Fields:
    """LiteLLM makes each part of a streamed summary a choice of its own."""
    return {**choice, "index": 0} if choice.get("index") else choice


def _restore_refusal(choice: Fields, mark: str) -> Fields:
    """Each refusal stands between two marks, which `azure_fixes` has set."""
    part = "message" if "message" in choice else "delta"
    texts = (choice[part].get("content") or "").split(mark)
    if len(texts) == 1:
        return choice
    return {**choice, part: {**choice[part], "content": "".join(texts[::2]) or None, "refusal": "".join(texts[1::2])}}


def _fix_chat(answer: Fields) -> Fields:
    """For any model: the usage of a stream comes in a chunk without choices."""
    choices = [_fix_choice(choice) for choice in answer["choices"]]
    fixed = {**_unwrap(answer), "choices": choices}
    if usage := answer.get("usage"):
        fixed["usage"] = _fix_usage(usage)
        fixed["choices"] = [choice for choice in choices if _has_content(choice)]
    return fixed


def _fix_choice(choice: Fields) -> Fields:
    messages: Fields = {name: _fix_message(choice[name]) for name in ("message", "delta") if name in choice}
    fixed = {**_unwrap(choice), **messages}
    return {"finish_reason": None, **fixed} if "delta" in fixed else fixed


def _fix_message(message: Fields) -> Fields:
    """Remove reasoning items: they are not part of this API, and only one region knows their ids."""
    return {name: value for name, value in _unwrap(message).items() if name != "reasoning_items"}


def _has_content(choice: Fields) -> bool:
    return "message" in choice or choice.get("finish_reason") is not None or any(choice["delta"].values())


def _merge(choices: list[Fields]) -> Fields:
    messages = [choice["message"] for choice in choices]
    others = {name: value for message in messages[1:] for name, value in message.items() if value is not None}
    texts = [message["content"] for message in messages if message.get("content") is not None]
    merged = {**messages[0], **others, "content": "".join(texts) if texts else None}
    if calls := [call for message in messages for call in message.get("tool_calls") or ()]:
        merged["tool_calls"] = [
            {**call, "index": number} if "index" in call else call for number, call in enumerate(calls)
        ]
    return {**choices[-1], "index": 0, "message": merged}


def _unwrap(fields: Fields) -> Fields:
    """Move what LiteLLM puts aside, such as a refusal, to where OpenAI has it."""
    extra = fields.get("provider_specific_fields")
    if extra is None:
        return fields
    return {**extra, **{name: value for name, value in fields.items() if name != "provider_specific_fields"}}


def _fix_usage(usage: Fields) -> Fields:
    """Add the cached tokens where Roo reads them (Anthropic's field), and remove the price, which is an estimate."""
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    added = {} if cached is None else {"cache_read_input_tokens": cached}
    return {**added, **{name: value for name, value in usage.items() if name != "cost"}}


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
    encoded = response_id.removeprefix(_ID_PREFIX)
    if not encoded.startswith(_WRAPPED_ID):
        return response_id
    return base64.b64decode(encoded).decode().partition("response_id:")[2] or response_id


LITELLM_CHAT = ResponseFix(_fix_chat)
LITELLM_RESPONSES = _NamedEventsFix(_fix_answer)


def select_litellm_fix(request: ModelRequest) -> ResponseFix:
    """Return the fix for LiteLLM's response to a request."""
    if request.surface is Surface.RESPONSES:
        return LITELLM_RESPONSES
    if request.surface is not Surface.CHAT:
        return NO_FIX
    if request.model.kind != "responses":
        return LITELLM_CHAT
    bridged = build_bridged_chat_fix(request.context.inner.refusal_mark)
    if not (custom_tools := read_custom_tools(request.fields)):
        return bridged
    calls = CustomToolCalls(custom_tools)
    return ResponseFix(lambda answer: calls.fix(bridged.fix(answer)))

"""Fixes LiteLLM's chat completions, so that they have OpenAI's structure.

https://platform.openai.com/docs/api-reference/chat/object
https://platform.openai.com/docs/api-reference/chat-streaming
"""

from ..upstream.response_fixes import Fields, ResponseFix


def _fix_bridged_chat(answer: Fields) -> Fields:
    """For a Responses model: text and tool calls are parts of one message, of which LiteLLM makes several choices."""
    fixed = _fix_chat(answer)
    choices = fixed["choices"]
    return {**fixed, "choices": [_merge(choices)]} if choices and "message" in choices[0] else fixed


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
    return {**_unwrap(choice), **messages}


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


LITELLM_CHAT = ResponseFix(_fix_chat)
LITELLM_BRIDGED_CHAT = ResponseFix(_fix_bridged_chat)

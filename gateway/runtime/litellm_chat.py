"""LiteLLM's chat completions in OpenAI's shape.

https://platform.openai.com/docs/api-reference/chat/object
https://platform.openai.com/docs/api-reference/chat-streaming
"""

from typing import Any

_Fields = dict[str, Any]


def mend_bridged_chat(answer: _Fields) -> _Fields:
    """Of a Responses model: text and calls are parts of one message, where LiteLLM makes choices of them."""
    mended = mend_chat(answer)
    choices = mended["choices"]
    return {**mended, "choices": [_merged(choices)]} if choices and "message" in choices[0] else mended


def mend_chat(answer: _Fields) -> _Fields:
    """Of any model: a stream's figures come in a chunk without choices."""
    choices = [_choice(choice) for choice in answer["choices"]]
    mended = {**_lifted(answer), "choices": choices}
    if usage := answer.get("usage"):
        mended["usage"] = _usage(usage)
        mended["choices"] = [choice for choice in choices if _says_something(choice)]
    return mended


def _choice(choice: _Fields) -> _Fields:
    said: _Fields = {name: _said(choice[name]) for name in ("message", "delta") if name in choice}
    return {**_lifted(choice), **said}


def _said(message: _Fields) -> _Fields:
    """A reasoning item is nothing of this API, and its id means something to one region alone."""
    return {name: value for name, value in _lifted(message).items() if name != "reasoning_items"}


def _says_something(choice: _Fields) -> bool:
    return "message" in choice or choice.get("finish_reason") is not None or any(choice["delta"].values())


def _merged(choices: list[_Fields]) -> _Fields:
    messages = [choice["message"] for choice in choices]
    more = {name: value for said in messages[1:] for name, value in said.items() if value is not None}
    texts = [said["content"] for said in messages if said.get("content") is not None]
    message = {**messages[0], **more, "content": "".join(texts) if texts else None}
    if calls := [call for said in messages for call in said.get("tool_calls") or ()]:
        message["tool_calls"] = [
            {**call, "index": number} if "index" in call else call for number, call in enumerate(calls)
        ]
    return {**choices[-1], "index": 0, "message": message}


def _lifted(fields: _Fields) -> _Fields:
    """What LiteLLM sets aside, a refusal for example, back where OpenAI has it."""
    aside = fields.get("provider_specific_fields")
    if aside is None:
        return fields
    return {**aside, **{name: value for name, value in fields.items() if name != "provider_specific_fields"}}


def _usage(usage: _Fields) -> _Fields:
    """Roo reads cached tokens where Anthropic has them. The price is LiteLLM's guess."""
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    named = {} if cached is None else {"cache_read_input_tokens": cached}
    return {**named, **{name: value for name, value in usage.items() if name != "cost"}}

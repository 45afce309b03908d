"""How many tokens a request costs: as the upstream reports them, on request, and as an estimate before that.

https://platform.openai.com/docs/api-reference/responses/object
https://platform.openai.com/docs/api-reference/chat/object
"""

import json
from collections.abc import Mapping

from .context import Surface, Tokens

_BYTES_PER_TOKEN = 4
_TOKENS_PER_FILE = 1000


def read_tokens(data: object) -> Tokens | None:
    """Return the usage that a response or an event of a stream reports, if any."""
    fields = _mapping(data)
    usage = _mapping(fields.get("usage")) or _mapping(_mapping(fields.get("response")).get("usage"))
    if not usage:
        return None
    inputs = _mapping(usage.get("input_tokens_details")) or _mapping(usage.get("prompt_tokens_details"))
    outputs = _mapping(usage.get("output_tokens_details")) or _mapping(usage.get("completion_tokens_details"))
    return Tokens(
        input=_number(usage, "input_tokens") or _number(usage, "prompt_tokens"),
        output=_number(usage, "output_tokens") or _number(usage, "completion_tokens"),
        cached=_number(inputs, "cached_tokens"),
        reasoning=_number(outputs, "reasoning_tokens"),
    )


def reports_usage(fields: Mapping[str, object]) -> bool:
    """Return whether the stream of this chat completion reports its usage, which only happens on request."""
    return _mapping(fields.get("stream_options")).get("include_usage") is True


def ask_for_usage(body: bytes, fields: Mapping[str, object]) -> bytes:
    """Return the body of a streamed chat completion that asks for its usage, unless its data sources forbid that.

    Options of a wrong type stay as they are: Azure refuses them.
    https://learn.microsoft.com/azure/ai-services/openai/references/on-your-data
    """
    options = fields.get("stream_options")
    if "data_sources" in fields or reports_usage(fields) or not isinstance(options, Mapping | None):
        return body
    if not isinstance(_mapping(options).get("include_usage"), bool | None):
        return body
    if "stream_options" in fields:
        options = {**_mapping(options), "include_usage": True}
        return json.dumps({**fields, "stream_options": options}).encode()
    start = body.index(b"{") + 1  # splicing costs less than writing all of a long body
    return b'%b"stream_options":{"include_usage":true},%b' % (body[:start], body[start:])


def estimate_tokens(surface: Surface, fields: Mapping[str, object]) -> int:
    """Estimate the input tokens of a request: one per four bytes of each text, at least one.

    Counting tokens costs none. A list of numbers is tokens already. The cost of an embedded image or file does not
    depend on its length.
    """
    if surface is Surface.INPUT_TOKENS:
        return 0
    return _size(fields.get("input") if surface is Surface.EMBEDDINGS else dict(fields))


def _size(value: object) -> int:
    if isinstance(value, str):
        is_file = value.startswith("data:")
        size = len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
        return _TOKENS_PER_FILE if is_file else max(1, size // _BYTES_PER_TOKEN)
    if isinstance(value, dict):
        return sum(map(_size, value)) + sum(map(_size, value.values()))
    if isinstance(value, list):
        return len(value) if set(map(type, value)) == {int} else sum(map(_size, value))
    return 1


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _number(values: Mapping[str, object], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else 0

"""How many tokens a request costs: as the upstream counted them, and as a guess before it has.

https://platform.openai.com/docs/api-reference/responses/object
https://platform.openai.com/docs/api-reference/chat/object
"""

from collections.abc import Mapping

from .exchange import Call, Surface, Tokens

_BYTES_PER_TOKEN = 4
_TOKENS_OF_A_FILE = 1000


def tokens_of(data: object) -> Tokens | None:
    """The usage that an answer or an event of a stream tells; None: it tells none."""
    fields = _mapping(data)
    usage = _mapping(fields.get("usage")) or _mapping(_mapping(fields.get("response")).get("usage"))
    if not usage:
        return None
    details = _mapping(usage.get("input_tokens_details")) or _mapping(usage.get("prompt_tokens_details"))
    produced = _mapping(usage.get("output_tokens_details")) or _mapping(usage.get("completion_tokens_details"))
    return Tokens(
        input=_number(usage, "input_tokens") or _number(usage, "prompt_tokens"),
        output=_number(usage, "output_tokens") or _number(usage, "completion_tokens"),
        cached=_number(details, "cached_tokens"),
        reasoning=_number(produced, "reasoning_tokens"),
    )


def estimate(call: Call) -> int:
    """About how many tokens the call puts in, before Azure has counted: four bytes each, at least one a text.

    A list of numbers is tokens already. An image or a file inside the text costs by its content, which nobody knows
    here, and not by its length.
    """
    return _size(call.fields.get("input") if call.surface is Surface.EMBEDDINGS else call.fields)


def _size(value: object) -> int:
    if isinstance(value, str):
        is_file = value.startswith("data:")
        return _TOKENS_OF_A_FILE if is_file else max(1, len(value.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)
    if isinstance(value, Mapping):
        return sum(_size(name) + _size(item) for name, item in value.items())
    if isinstance(value, list):
        return sum(map(_size, value))
    return 1


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _number(values: Mapping[str, object], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else 0

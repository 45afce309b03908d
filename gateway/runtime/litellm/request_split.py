"""Which fields of a request LiteLLM reads, and which the gateway itself sets in LiteLLM's call of Azure.

LiteLLM gets what it has to translate. All else would be lost or changed by it, depending on its version and on its list
of models.
"""

from collections.abc import Mapping
from typing import Any

from ..configuration import Model
from ..context import Surface
from .chat_content import prepare_messages, prepare_tools
from .chat_parameters import translate_chat_parameters

_READ_BY_LITELLM = ("model", "messages", "input", "stream", "stream_options", "encoding_format")
_WRITTEN_BY_LITELLM = ("model", "input", "instructions", "tools", "stream", "encoding_format")
_CONTROLLED_BY_LITELLM = ("model", "stream", "encoding_format")

Fields = Mapping[str, Any]


def split(surface: Surface, model: Model, known: Fields) -> tuple[dict[str, Any], dict[str, object], int]:
    """Return what LiteLLM reads, what Azure gets from the gateway, and the number of fields without effect.

    Raises:
        RefusedError: 400 if something cannot be translated.
    """
    read = {name: value for name, value in known.items() if name in _READ_BY_LITELLM}
    if surface is Surface.CHAT and model.kind == "responses":
        read["messages"], dropped_names = prepare_messages(read["messages"])
        if "tools" in known:
            read["tools"] = prepare_tools(known["tools"])
        parameters, without_effect = translate_chat_parameters(known, model)
        return read, parameters, dropped_names + without_effect
    return read, {name: value for name, value in known.items() if name not in _CONTROLLED_BY_LITELLM}, 0


def merge_inner(fields: Fields, parameters: Fields) -> dict[str, object]:
    """Return the body of an inner call: what LiteLLM translated, and the parameters of `split`."""
    merged = {name: value for name, value in fields.items() if name in _WRITTEN_BY_LITELLM} | {**parameters}
    if not merged.get("stream"):
        merged.pop("stream_options", None)
    return merged

"""The parameters of a chat completion as those of a Responses request.

LiteLLM translates messages, tools and answers. What it makes of the other parameters depends on its list of models, so
it does not get them: the gateway, which is LiteLLM's Azure, writes them into LiteLLM's request.
https://platform.openai.com/docs/guides/migrate-to-responses
"""

from collections.abc import Mapping

from ..configuration import Model
from ..errors import RefusedError, invalid_request

Fields = Mapping[str, object]

_LEAST_OUTPUT_TOKENS = 16  # fewer are refused by the Responses API
_SAME = (
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "user",
)
# Reasoning models have no sampling parameters, but many clients always send them.
# https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning
_WITHOUT_EFFECT = ("temperature", "top_p")
# What the Responses API does not have, and the values that ask for nothing.
_NEUTRAL: Mapping[str, tuple[object, ...]] = {
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"],),
    "n": (1,),
    "presence_penalty": (0,),
    "seed": (),
    "stop": ("", []),
    "top_logprobs": (0,),
}


def translate_chat_parameters(fields: Fields, model: Model) -> tuple[dict[str, object], int]:
    """Return the parameters of the Responses request, except for input and tools, and how many have no effect.

    Raises:
        RefusedError: 400 if the Responses API has no such parameter or value.
    """
    for name, neutral in _NEUTRAL.items():
        if name in fields and fields[name] not in neutral:
            raise _refused(name, f"'{name}' must be left out, as the model's API has no such parameter.")
    options = _object(fields, "stream_options")
    translated = {
        **{name: fields[name] for name in _SAME if name in fields},
        "store": fields.get("store", False),  # the default of chat completions; that of responses is true
        "max_output_tokens": _max_output_tokens(fields),
        "reasoning": _reasoning(fields, model),
        "text": _text(fields),
        "tool_choice": _tool_choice(fields.get("tool_choice")),
        "stream_options": {name: value for name, value in options.items() if name == "include_obfuscation"},
    }
    without_effect = sum(name in fields for name in (*_WITHOUT_EFFECT, *_NEUTRAL))
    without_effect += bool(options) and not fields.get("stream")
    without_effect += len(_object(fields, "reasoning").keys() & {"enabled", "exclude", "max_tokens"})
    return {name: value for name, value in translated.items() if value is not None and value != {}}, without_effect


def _max_output_tokens(fields: Fields) -> int | None:
    most: int | None = None
    for name in ("max_completion_tokens", "max_tokens"):
        value = fields.get(name)
        if not isinstance(value, int):
            continue
        if value < 1:
            raise _refused(name, f"'{name}' must be at least 1.", code="invalid_value")
        if most not in (None, value):
            raise _refused(name, f"'{name}' must be left out or the same as 'max_completion_tokens'.")
        most = value
    return most and max(most, _LEAST_OUTPUT_TOKENS)


def _reasoning(fields: Fields, model: Model) -> dict[str, object]:
    """`reasoning` is no parameter of OpenAI's chat completions; OpenRouter and others have it."""
    given, effort = _object(fields, "reasoning"), fields.get("reasoning_effort")
    reasoning = {name: given[name] for name in ("effort", "summary") if name in given}
    if given.get("enabled") is False:
        raise _refused("reasoning.enabled", "'reasoning.enabled' must be left out or true. Use 'reasoning.effort'.")
    if effort is not None and reasoning.setdefault("effort", effort) != effort:
        raise _refused("reasoning_effort", "'reasoning_effort' must be left out or the same as 'reasoning.effort'.")
    efforts = model.reasoning_efforts
    if efforts and reasoning.get("effort") not in (None, *efforts):
        name = "reasoning.effort" if effort is None else "reasoning_effort"
        raise _refused(name, f"'{name}' must be {' or '.join(efforts)}.", code="invalid_value")
    if given.get("exclude"):
        reasoning.pop("summary", None)
    elif model.reasoning_summary != "none" and reasoning.get("effort") != "none":
        reasoning.setdefault("summary", model.reasoning_summary)
    return reasoning


def _text(fields: Fields) -> dict[str, object]:
    text: dict[str, object] = {"verbosity": fields["verbosity"]} if "verbosity" in fields else {}
    if given := _object(fields, "response_format"):
        text["format"] = {"type": given["type"], **_object(given, "json_schema")}
    return text


def _tool_choice(choice: object) -> object:
    """The name of a tool stands a level higher."""
    if not isinstance(choice, dict):
        return choice
    kind = str(choice["type"])
    flat = {"type": kind, **_object(choice, kind)}
    if isinstance(tools := flat.get("tools"), list):
        flat["tools"] = [_tool_choice(tool) for tool in tools]
    return flat


def _object(fields: Fields, name: str) -> Fields:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _refused(name: str, message: str, *, code: str = "unsupported_parameter") -> RefusedError:
    return invalid_request(message, param=name, code=code)

"""The fields of OpenAI's APIs that LiteLLM may read. It obeys many others: addresses, keys, callbacks, mock answers.

https://platform.openai.com/docs/api-reference
"""

from collections.abc import Mapping

from .errors import invalid
from .exchange import Surface
from .shapes import MisfitError, Shape, absent, anything, either, many, number, record, switch, text, typed, whole

_TYPE = record(type=text)
_FUNCTION: dict[str, Shape] = {"name": text, "description": text, "parameters": anything, "strict": switch}
_SCHEMA: dict[str, Shape] = {"name": text, "description": text, "schema": anything, "strict": switch}
_COMMON: dict[str, Shape] = {
    "model": text,
    "stream": switch,
    "parallel_tool_calls": switch,
    "temperature": number,
    "top_p": number,
    "top_logprobs": whole,
    "service_tier": text,
    "store": switch,
    "user": text,
    "safety_identifier": text,
    "prompt_cache_key": text,
    "prompt_cache_retention": text,
}

_PART = typed(
    text=record("text", type=text, text=text),
    refusal=record("refusal", type=text, refusal=text),
    image_url=record("image_url", type=text, image_url=either({str: text, dict: record("url", url=text, detail=text)})),
)
_CALL = record("id", "function", id=text, type=text, function=record("name", name=text, arguments=text))
_SAID: dict[str, Shape] = {
    "role": text,
    "content": either({str: text, list: many(_PART)}),
    "refusal": text,
    "name": text,
    "tool_calls": many(typed(function=_CALL)),
    "tool_call_id": text,
}
_ANSWER = record("role", **_SAID)
_MESSAGE = record("role", "content", **_SAID)


def _message(value: object, left_out: list[str]) -> object:
    """Only an assistant's message may be without content."""
    is_answer = isinstance(value, dict) and value.get("role") == "assistant"
    return (_ANSWER if is_answer else _MESSAGE)(value, left_out)


_NAMED = typed(function=record("function", type=text, function=record("name", name=text)))
_CHAT = record(
    "messages",
    messages=many(_message, least=1),
    stream_options=record(include_usage=switch, include_obfuscation=switch),
    tools=many(typed(function=record("function", type=text, function=record("name", **_FUNCTION)))),
    tool_choice=either({str: text, dict: _NAMED}),
    response_format=typed(
        text=_TYPE,
        json_object=_TYPE,
        json_schema=record("json_schema", type=text, json_schema=record("name", "schema", **_SCHEMA)),
    ),
    reasoning_effort=text,
    verbosity=text,
    max_tokens=whole,
    max_completion_tokens=whole,
    n=whole,
    seed=whole,
    stop=either({str: text, list: many(text)}),
    presence_penalty=number,
    frequency_penalty=number,
    logprobs=switch,
    logit_bias=anything,
    audio=absent,
    web_search_options=absent,
    functions=absent,
    function_call=absent,
    **_COMMON,
)
_FORMAT = typed(text=_TYPE, json_object=_TYPE, json_schema=record("name", "schema", type=text, **_SCHEMA))
_RESPONSES = record(
    "input",
    input=either({str: text, list: many(anything, least=1)}),
    instructions=text,
    stream_options=record(include_obfuscation=switch),
    tools=many(
        typed(
            function=record("name", type=text, **_FUNCTION),
            custom=record("name", type=text, name=text, description=text, format=anything),
        )
    ),
    tool_choice=either({str: text, dict: anything}),
    max_tool_calls=whole,
    max_output_tokens=whole,
    previous_response_id=text,
    reasoning=record(effort=text, summary=text),
    text=record(verbosity=text, format=_FORMAT),
    include=many(text),
    background=absent,
    conversation=absent,
    prompt=absent,
    truncation=text,
    **_COMMON,
)
_EMBEDDINGS = record(
    "input",
    model=text,
    input=either({str: text, list: many(either({str: text, int: whole, list: many(whole, least=1)}), least=1)}),
    encoding_format=text,
    dimensions=whole,
    user=text,
)
_SURFACES = {Surface.CHAT: _CHAT, Surface.RESPONSES: _RESPONSES, Surface.EMBEDDINGS: _EMBEDDINGS}


def known(surface: Surface, fields: Mapping[str, object]) -> tuple[dict[str, object], int]:
    """Return the known fields, down to those of messages and tools, and how many others there were.

    Raises:
        RefusedError: 400; one of them has not the shape that the API documents.
    """
    left_out: list[str] = []
    try:
        return _SURFACES[surface](fields, left_out), len(left_out)
    except MisfitError as misfit:
        where = misfit.path.removeprefix(".")
        raise invalid(f"'{where}' must be {misfit.expected}.", param=where, code="invalid_type") from None

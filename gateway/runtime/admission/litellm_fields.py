"""The fields of OpenAI's APIs that are passed on to LiteLLM.

LiteLLM also obeys fields of its own, which clients must not set: addresses, keys, callbacks, mock answers ...
https://platform.openai.com/docs/api-reference
"""

from collections.abc import Mapping

from ..context import Surface
from ..errors import invalid_request
from .validators import (
    InvalidValueError,
    Validator,
    absent_or_false,
    any_object,
    boolean,
    by_field,
    by_type,
    by_type_field,
    integer,
    list_of,
    number,
    object_of,
    one_given,
    one_of,
    text,
)

_TYPE = object_of(type=text)
_FUNCTION: dict[str, Validator] = {"name": text, "description": text, "parameters": any_object, "strict": boolean}
_SCHEMA: dict[str, Validator] = {"name": text, "description": text, "schema": any_object, "strict": boolean}
_COMMON: dict[str, Validator] = {
    "model": text,
    "stream": boolean,
    "parallel_tool_calls": boolean,
    "temperature": number,
    "top_p": number,
    "top_logprobs": integer,
    "metadata": any_object,
    "service_tier": text,
    "store": boolean,
    "user": text,
    "safety_identifier": text,
    "prompt_cache_key": text,
    "prompt_cache_options": any_object,
    "prompt_cache_retention": text,
}

_TEXT = object_of("text", type=text, text=text)
_REFUSAL = object_of("refusal", type=text, refusal=text)
_IMAGE = object_of("url", url=text, detail=text)
_FILE = one_given("file_data", "file_id", object_of(file_data=text, file_id=text, filename=text))
_MEDIA: dict[str, Validator] = {
    "text": _TEXT,
    "image_url": object_of("image_url", type=text, image_url=by_type({str: text, dict: _IMAGE})),
    "file": object_of("file", type=text, file=_FILE),
}


def _content(**parts: Validator) -> Validator:
    return by_type({str: text, list: list_of(by_type_field(**parts))})


_TOOL_CALL = by_type_field(
    function=object_of(
        "id", "function", id=text, type=text, function=object_of("name", "arguments", name=text, arguments=text)
    ),
    custom=object_of("id", "custom", id=text, type=text, custom=object_of("name", "input", name=text, input=text)),
)
_INSTRUCTIONS = object_of("content", role=text, content=_content(text=_TEXT), name=text)
_MESSAGE = by_field(
    "role",
    system=_INSTRUCTIONS,
    developer=_INSTRUCTIONS,
    user=object_of("content", role=text, content=_content(**_MEDIA), name=text),
    assistant=object_of(
        role=text,
        content=_content(text=_TEXT, refusal=_REFUSAL),
        refusal=text,
        name=text,
        tool_calls=list_of(_TOOL_CALL),
        function_call=absent_or_false,
        audio=absent_or_false,
    ),
    tool=object_of("content", "tool_call_id", role=text, content=_content(**_MEDIA), tool_call_id=text),
)
_NAMED = object_of("name", name=text)
_NAMED_TOOLS: dict[str, Validator] = {
    "function": object_of("function", type=text, function=_NAMED),
    "custom": object_of("custom", type=text, custom=_NAMED),
}
_ALLOWED_TOOLS = object_of(
    "mode", "tools", mode=one_of("auto", "required"), tools=list_of(by_type_field(**_NAMED_TOOLS), min_length=1)
)
_TOOL_CHOICE = by_type_field(
    **_NAMED_TOOLS, allowed_tools=object_of("allowed_tools", type=text, allowed_tools=_ALLOWED_TOOLS)
)
_GRAMMAR = object_of("definition", "syntax", definition=text, syntax=text)
_CUSTOM_FORMAT = by_type_field(text=_TYPE, grammar=object_of("grammar", type=text, grammar=_GRAMMAR))
_CHAT = object_of(
    "messages",
    messages=list_of(_MESSAGE, min_length=1),
    stream_options=object_of(include_usage=boolean, include_obfuscation=boolean),
    tools=list_of(
        by_type_field(
            function=object_of("function", type=text, function=object_of("name", **_FUNCTION)),
            custom=object_of(
                "custom", type=text, custom=object_of("name", name=text, description=text, format=_CUSTOM_FORMAT)
            ),
        )
    ),
    tool_choice=by_type({str: one_of("auto", "none", "required"), dict: _TOOL_CHOICE}),
    response_format=by_type_field(
        text=_TYPE,
        json_object=_TYPE,
        json_schema=object_of("json_schema", type=text, json_schema=object_of("name", "schema", **_SCHEMA)),
    ),
    reasoning_effort=text,
    reasoning=object_of(
        effort=text,
        summary=one_of("auto", "concise", "detailed"),
        max_tokens=absent_or_false,
        enabled=boolean,
        exclude=boolean,
    ),
    verbosity=one_of("low", "medium", "high"),
    max_tokens=integer,
    max_completion_tokens=integer,
    n=integer,
    seed=integer,
    stop=by_type({str: text, list: list_of(text)}),
    presence_penalty=number,
    frequency_penalty=number,
    logprobs=boolean,
    logit_bias=any_object,
    modalities=list_of(text),
    audio=absent_or_false,
    moderation=absent_or_false,
    prediction=absent_or_false,
    web_search_options=absent_or_false,
    functions=absent_or_false,
    function_call=absent_or_false,
    # Fields of the Responses API, of Azure's extensions and of other servers, which would change the answer.
    **dict.fromkeys(
        (
            *("background", "context_management", "conversation", "include", "instructions", "max_output_tokens"),
            *("max_tool_calls", "previous_response_id", "prompt", "text", "truncation"),
            *("data_sources", "stop_sequences", "guided_choice", "guided_grammar", "guided_json", "guided_regex"),
        ),
        absent_or_false,
    ),
    **_COMMON,
)
_FORMAT = by_type_field(text=_TYPE, json_object=_TYPE, json_schema=object_of("name", "schema", type=text, **_SCHEMA))
_RESPONSES = object_of(
    "input",
    input=by_type({str: text, list: list_of(any_object, min_length=1)}),
    instructions=text,
    stream_options=object_of(include_obfuscation=boolean),
    tools=list_of(
        by_type_field(
            function=object_of("name", type=text, **_FUNCTION),
            custom=object_of("name", type=text, name=text, description=text, format=any_object),
        )
    ),
    tool_choice=by_type({str: text, dict: any_object}),
    max_tool_calls=integer,
    max_output_tokens=integer,
    previous_response_id=text,
    reasoning=object_of(effort=text, summary=text),
    text=object_of(verbosity=text, format=_FORMAT),
    include=list_of(text),
    background=absent_or_false,
    conversation=absent_or_false,
    prompt=absent_or_false,
    truncation=text,
    access_programs=any_object,
    context_management=list_of(any_object),
    image=any_object,
    moderation=any_object,
    **_COMMON,
)
_EMBEDDINGS = object_of(
    "input",
    model=text,
    input=by_type(
        {
            str: text,
            list: list_of(by_type({str: text, int: integer, list: list_of(integer, min_length=1)}), min_length=1),
        }
    ),
    encoding_format=text,
    dimensions=integer,
    user=text,
)
_VALIDATORS = {Surface.CHAT: _CHAT, Surface.RESPONSES: _RESPONSES, Surface.EMBEDDINGS: _EMBEDDINGS}


def keep_known_fields(surface: Surface, fields: Mapping[str, object]) -> tuple[dict[str, object], int]:
    """Return the known fields, also inside messages and tools, and how many others were removed.

    Raises:
        RefusedError: 400 if a field is not as the API documents it.
    """
    removed: list[str] = []
    try:
        return _VALIDATORS[surface](fields, removed), len(removed)
    except InvalidValueError as invalid:
        path = invalid.path.removeprefix(".")
        raise invalid_request(f"'{path}' must be {invalid.expected}.", param=path, code=invalid.code) from None

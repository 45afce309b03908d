"""The fields of OpenAI's APIs that are passed on to LiteLLM.

LiteLLM also obeys fields of its own, which clients must not set: addresses, keys, callbacks, mock answers ...
https://platform.openai.com/docs/api-reference

A validator is a function of a value and of the list of removed field names; it returns what is kept of the value.
Known fields are kept, unknown ones removed, invalid ones refused. A field that is `null` counts as absent.
"""

from collections.abc import Callable, Iterable, Mapping

from ..context import Surface
from ..errors import invalid_request

Validator = Callable[[object, list[str]], object]

_TYPE_NAMES = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


class InvalidValueError(Exception):
    """A value at `path` is not what was `expected`."""

    def __init__(self, expected: str, path: str = "", *, code: str = "invalid_type") -> None:
        super().__init__(expected)
        self.expected = expected
        self.path = path
        self.code = code


def by_type(validators: Mapping[type, Validator]) -> Validator:
    """A value with one of these exact types: true is not a number."""

    def validate(value: object, removed: list[str]) -> object:
        validator = validators.get(type(value))
        if validator is None:
            raise InvalidValueError(_either(_TYPE_NAMES[kind] for kind in validators))
        return validator(value, removed)

    return validate


def list_of(validator: Validator, *, min_length: int = 0) -> Validator:
    """A list."""

    def validate(value: object, removed: list[str]) -> object:
        if not isinstance(value, list) or len(value) < min_length:
            raise InvalidValueError("a list that is not empty" if min_length else "a list")
        return [_validate_inner(f"[{index}]", validator, inner, removed) for index, inner in enumerate(value)]

    return validate


def object_of(*required: str, **validators: Validator) -> Callable[[object, list[str]], dict[str, object]]:
    """An object with these fields."""

    def validate(value: object, removed: list[str]) -> dict[str, object]:
        if not isinstance(value, dict):
            raise InvalidValueError("an object")
        removed += [name for name in value if name not in validators]
        given = {name: inner for name, inner in value.items() if name in validators and inner is not None}
        if missing := [name for name in required if name not in given]:
            raise InvalidValueError("given", f".{missing[0]}")
        return {name: _validate_inner(f".{name}", validators[name], inner, removed) for name, inner in given.items()}

    return validate


def by_field(name: str, **validators: Validator) -> Validator:
    """An object whose field of this name, as `type` or `role`, selects the validator."""

    def validate(value: object, removed: list[str]) -> object:
        if not isinstance(value, dict):
            raise InvalidValueError("an object")
        kind = value.get(name)
        if not isinstance(kind, str) or kind not in validators:
            raise InvalidValueError(_either(validators), f".{name}")
        return validators[kind](value, removed)

    return validate


def by_type_field(**validators: Validator) -> Validator:
    """An object whose field `type` selects the validator."""
    return by_field("type", **validators)


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)


def _validate_inner(step: str, validator: Validator, value: object, removed: list[str]) -> object:
    try:
        return validator(value, removed)
    except InvalidValueError as invalid:
        raise InvalidValueError(invalid.expected, step + invalid.path, code=invalid.code) from None


def _accept(value: object, _: list[str]) -> object:
    return value


def one_of(*values: str) -> Validator:
    """One of these texts."""

    def validate(value: object, _: list[str]) -> object:
        if value not in values:
            raise InvalidValueError(_either(values), code="invalid_value")
        return value

    return validate


def absent_or_false(value: object, _: list[str]) -> object:
    """A field that changes the answer but cannot be translated."""
    if value is not False:
        raise InvalidValueError("left out, as it cannot be translated", code="unsupported_parameter")
    return value


text = by_type({str: _accept})
integer = by_type({int: _accept})
number = by_type({float: _accept, int: _accept})
boolean = by_type({bool: _accept})
any_object = by_type({dict: _accept})

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
_FILE = object_of(file_data=text, file_id=text, filename=text)
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
        enabled=absent_or_false,
        exclude=absent_or_false,
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
    # Fields of the Responses API and of Azure's extensions, which would change the answer.
    **dict.fromkeys(
        (
            *("background", "conversation", "instructions", "max_output_tokens", "previous_response_id", "prompt"),
            *("text", "data_sources"),
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

"""JSON: strict when read, compact UTF-8 when written."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

JsonObject = dict[str, Any]


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def loads(data: bytes | str) -> object:
    """Parse; ValueError for anything that is not JSON, including `NaN` and too deep nesting."""
    try:
        return json.loads(data, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def dumps(value: object) -> bytes:
    """Write; half surrogate pairs, which UTF-8 cannot encode, become question marks."""
    return text(value).encode("utf-8", "replace")


def text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def kind(value: object) -> str:
    """The name of a value's type in OpenAI's error messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def part(value: Mapping[str, Any], name: str) -> JsonObject:
    """The object under `name`, or an empty one when there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}

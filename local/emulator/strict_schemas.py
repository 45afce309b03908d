"""Strict mode of a JSON schema: what Azure refuses with `strict: true`, and what it makes of a schema without `strict`.

Source: https://developers.openai.com/api/docs/guides/function-calling#strict-mode. Measured in google/adk-go pull
request 1389: without `strict`, the Responses API answers with `strict: true` and every property in `required`.
"""

from collections.abc import Iterator

from local.emulator import azure_errors
from local.emulator.json_codec import JsonObject

_COMBINED = ("anyOf", "oneOf", "allOf")
_UNSUPPORTED = (
    "oneOf", "allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties",
)  # fmt: skip
_DEFINITIONS = ("properties", "$defs", "definitions")
_MAX_DEPTH = 32
EMPTY: JsonObject = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
"""Of a function without parameters."""


def check(schema: object, *, owner: str, param: str, code: str) -> None:
    """AzureError unless strict mode supports the schema. `owner`: as in "function 'f'"."""
    for part, place in _parts(schema, ()):
        if mistake := _mistake(part):
            raise azure_errors.model_error(
                message=f"Invalid schema for {owner}: In context={place!r}, {mistake}.", param=param, code=code
            )


def normalized(schema: object) -> JsonObject | None:
    """The strict form: objects are closed, and all their properties required. None when the schema has none."""
    if not isinstance(schema, dict):
        return None
    strict = _closed(schema, depth=0)
    return None if any(_mistake(part) for part, _ in _parts(strict, ())) else strict


def _mistake(schema: JsonObject) -> str:
    for keyword in _UNSUPPORTED:
        if keyword in schema:
            return f"'{keyword}' is not permitted"
    if not _is_object(schema):
        return ""
    if schema.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false"
    names, required = _properties(schema), schema.get("required")
    listed = required if isinstance(required, list) else []
    rule = "'required' is required to be supplied and to be an array including every key in properties"
    if missing := [name for name in names if name not in listed]:
        return f"{rule}. Missing '{missing[0]}'"
    if extra := [name for name in listed if name not in names]:
        return f"{rule}. Extra required key '{extra[0]}' supplied"
    return ""


def _parts(schema: object, place: tuple[str, ...]) -> Iterator[tuple[JsonObject, tuple[str, ...]]]:
    """The schema and all that is in it, each with its place."""
    if not isinstance(schema, dict) or len(place) > _MAX_DEPTH:
        return
    yield schema, place
    for group in _DEFINITIONS:
        if isinstance(members := schema.get(group), dict):
            for name, member in members.items():
                yield from _parts(member, (*place, group, name))
    for group in _COMBINED:
        if isinstance(variants := schema.get(group), list):
            for number, variant in enumerate(variants):
                yield from _parts(variant, (*place, group, str(number)))
    yield from _parts(schema.get("items"), (*place, "items"))


def _closed(schema: JsonObject, *, depth: int) -> JsonObject:
    """`additionalProperties` that is there stays: a schema that allows any cannot be strict."""
    closed = dict(schema)
    for group in _DEFINITIONS:
        if isinstance(members := schema.get(group), dict):
            closed[group] = {name: _closed_or_same(member, depth=depth) for name, member in members.items()}
    for group in _COMBINED:
        if isinstance(variants := schema.get(group), list):
            closed[group] = [_closed_or_same(variant, depth=depth) for variant in variants]
    if "items" in schema:
        closed["items"] = _closed_or_same(schema["items"], depth=depth)
    if _is_object(schema) and isinstance(schema.get("properties"), dict):
        closed["required"] = list(schema["properties"])
        closed.setdefault("additionalProperties", False)
    return closed


def _closed_or_same(schema: object, *, depth: int) -> object:
    return _closed(schema, depth=depth + 1) if isinstance(schema, dict) and depth < _MAX_DEPTH else schema


def _is_object(schema: JsonObject) -> bool:
    kind = schema.get("type")
    return (
        kind == "object" or (isinstance(kind, list) and "object" in kind) or (kind is None and "properties" in schema)
    )


def _properties(schema: JsonObject) -> list[str]:
    properties = schema.get("properties")
    return list(properties) if isinstance(properties, dict) else []

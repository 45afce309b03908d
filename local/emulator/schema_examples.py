"""Values that fit a JSON schema, so that generated calls and structured answers pass a client's checks.

What is optional is left out, as a model may, unless the schema requires nothing at all.
"""

from typing import Any

from local.emulator.json_codec import JsonObject

_MAX_DEPTH = 8


def example(schema: object, *, name: str = "text", number: int = 0, depth: int = 0) -> Any:  # noqa: ANN401
    """`name` and `number` distinguish the strings; an unsupported schema gives null."""
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return None
    if "const" in schema:
        return schema["const"]
    if isinstance(choices := schema.get("enum"), list) and choices:
        return choices[number % len(choices)]
    if isinstance(variants := schema.get("anyOf"), list) and variants:
        return example(variants[0], name=name, number=number, depth=depth + 1)
    match _type(schema):
        case "object":
            return _object(schema, number=number, depth=depth)
        case "array":
            return [example(schema.get("items"), name=name, number=number, depth=depth + 1)]
        case "string":
            return f"{name} é{number}"
        case "integer" | "number":
            return number
        case "boolean":
            return True
        case _:
            return None


def _type(schema: JsonObject) -> object:
    kind = schema.get("type")
    if isinstance(kind, list):
        return kind[0] if kind else None
    return "object" if kind is None and "properties" in schema else kind


def _object(schema: JsonObject, *, number: int, depth: int) -> JsonObject:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    required = schema.get("required", list(properties))
    return {
        key: example(value, name=key, number=number, depth=depth + 1)
        for key, value in properties.items()
        if isinstance(required, list) and key in required
    }

"""The layout of the synthesized JSON: what belongs together stands in one line, so that a diff of it is short."""

import json

_WIDTH = 160


def render(value: object, *, indent: int = 0) -> str:
    """JSON in which an object or a list takes one line where it fits, or where nothing is nested in it."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or indent + len(line) <= _WIDTH:
        return line
    parts = list(value.values()) if isinstance(value, dict) else value
    if not any(isinstance(part, dict | list) for part in parts):
        return line
    names = (
        [f"{json.dumps(name, ensure_ascii=False)}: " for name in value]
        if isinstance(value, dict)
        else [""] * len(value)
    )
    inner = " " * (indent + 2)
    lines = [f"{inner}{name}{render(part, indent=indent + 2)}" for name, part in zip(names, parts, strict=True)]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([opening, ",\n".join(lines), " " * indent + closing])

"""Where in a resource an attribute is, in words for people: an element's name in place of its number."""

from __future__ import annotations

from collections.abc import Sequence

Path = tuple[str, ...]


def path_of(path: Sequence[object], *, within: object) -> str:
    """A path of Terraform's, with an element's name in place of its number."""
    words: list[str] = []
    value = within
    for step in path:
        if isinstance(step, int) and isinstance(value, list) and step < len(value):
            words.append(label(value, step, named=are_named(value), only=len(value) == 1))
        else:
            words.append(f"[{step}]" if isinstance(step, int) else str(step))
        value = at(value, step)
    return joined(tuple(words))


def joined(path: Path) -> str:
    """As one word."""
    return ".".join(path).replace(".[", "[").replace("..", ".").rstrip(".")


def are_named(values: list[object]) -> bool:
    """Whether every element has a name of its own."""
    names = [at(element, "name") if isinstance(element, dict) else None for element in values]
    return None not in names and len(set(names)) == len(names)


def label(values: list[object], number: int, *, named: bool, only: bool) -> str:
    """What an element is called; an only one needs no number."""
    if named:
        return f"[{at(values[number], 'name')}]"
    return "" if only else f"[{number}]"


def at(value: object, step: object) -> object:
    """A part of a value, or None."""
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return True if value is True else None  # a whole that is sensitive or unknown is so in each part

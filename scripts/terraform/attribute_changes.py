"""The attributes of a resource that a plan changes, from which value to which; of a sensitive one only that it does.

https://developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

MAX_SHOWN = 60
"""Characters of a value that is shown; the gateway's source is a value, too."""
UNKNOWN = "known after apply"
SENSITIVE = "sensitive value changes"
_Path = tuple[str, ...]


@dataclass(frozen=True)
class AttributeChange:
    """An attribute's path, and what the plan does to it, for people."""

    path: str
    description: str

    def __str__(self) -> str:
        return f"{self.path}: {self.description}"


@dataclass(frozen=True)
class _Values:
    """An attribute before and after, and the parts of it that Terraform marks as unknown or sensitive."""

    before: object
    after: object
    unknown: object
    sensitive_before: object
    sensitive_after: object

    def part(self, old: object, new: object) -> _Values:
        """The same of one element, whose key or index may have changed."""
        return _Values(
            _part(self.before, old),
            _part(self.after, new),
            _part(self.unknown, new),
            _part(self.sensitive_before, old),
            _part(self.sensitive_after, new),
        )


def attribute_changes(change: Mapping[str, object]) -> tuple[AttributeChange, ...]:
    """Those of a resource's `change`; attributes that are known after apply only if there are no others."""
    keys = ("before", "after", "after_unknown", "before_sensitive", "after_sensitive")
    found = _compare((), _Values(*(change.get(key) for key in keys)))
    every = tuple(AttributeChange(_joined(path), description) for path, description in found)
    return tuple(attribute for attribute in every if attribute.description != UNKNOWN) or every


def readable_path(path: Sequence[object], *, within: object) -> str:
    """A path as in `replace_paths`, with the names of list elements in place of their indexes."""
    parts: list[str] = []
    value = within
    for step in path:
        if isinstance(step, int) and isinstance(value, list) and step < len(value):
            parts.append(_label(value, step, named=_have_names(value), only=len(value) == 1))
        else:
            parts.append(f"[{step}]" if isinstance(step, int) else str(step))
        value = _part(value, step)
    return _joined(tuple(parts))


def _compare(path: _Path, values: _Values) -> Iterator[tuple[_Path, str]]:
    before, after, unknown = values.before, values.after, values.unknown
    if unknown is True:
        yield path, UNKNOWN
    elif not unknown and (before == after or (after is None and not before) or (before is None and after in ([], {}))):
        return  # "" and false are the provider's null; a state that was not refreshed has null for an empty list
    elif values.sensitive_before is True or values.sensitive_after is True:
        yield path, SENSITIVE
    elif isinstance(before, dict | None) and isinstance(after, dict | None):
        for key in dict.fromkeys([*(before or ()), *(after or ()), *(unknown if isinstance(unknown, dict) else ())]):
            yield from _compare((*path, key), values.part(key, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(path, before, after, values)
    elif _is_long(before) and _is_long(after):
        yield path, "long text changes"
    else:
        yield path, f"{_shown(before)} → {_shown(after)}"


def _compare_lists(
    path: _Path, before: list[object], after: list[object], values: _Values
) -> Iterator[tuple[_Path, str]]:
    """Elements with names are compared by name: one more at the front is one change, not one of each."""
    named = _have_names(before) and _have_names(after)
    only = len(before) < 2 and len(after) < 2
    old, new = (
        {_label(elements, index, named=named, only=only): index for index in range(len(elements))}
        for elements in (before, after)
    )
    for label in dict.fromkeys([*old, *new]):
        if label not in new:
            yield (*path, label), "removed"
        elif label not in old:
            yield (*path, label), "added"
        else:
            yield from _compare((*path, label), values.part(old[label], new[label]))
    if set(old) == set(new) and [*old] != [*new]:
        yield path, "order changes"


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict | list):
        return f"{len(value)} values"
    return "long text" if _is_long(value) else json.dumps(value, ensure_ascii=False)


def _is_long(value: object) -> bool:
    return isinstance(value, str) and (len(value) > MAX_SHOWN or "\n" in value)


def _joined(path: _Path) -> str:
    return ".".join(path).replace(".[", "[").replace("..", ".").rstrip(".")


def _have_names(elements: list[object]) -> bool:
    """Whether every element has a unique `name`."""
    names = [_part(element, "name") if isinstance(element, dict) else None for element in elements]
    return None not in names and len(set(names)) == len(names)


def _label(elements: list[object], index: int, *, named: bool, only: bool) -> str:
    if named:
        return f"[{_part(elements[index], 'name')}]"
    return "" if only else f"[{index}]"


def _part(value: object, step: object) -> object:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return True if value is True else None  # if the whole is sensitive or unknown, so is each part

"""The attributes of a resource that a plan changes, from which value to which; of a sensitive one only that it does.

https://developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.archive import SOURCE
from scripts.terraform.text_changes import archive_changes, document_of, image_parts, line_changes

MAX_SHOWN = 100
"""Characters of a text that is shown, and of a document's value."""
MAX_DESCRIPTION = 400
"""Characters of what is shown of one attribute."""
UNKNOWN = "known after apply"
SENSITIVE = "sensitive value changes"
_HIDDEN = "(sensitive)"
_SECRET_NAME = re.compile(r"\[?(?:[A-Z0-9]+_)*(?:KEY|SECRET|TOKEN|PASSWORD|CONNECTION_STRING)(?:_[A-Z0-9]+)*\]?")
"""Environment variables that are not shown although Terraform does not call them sensitive."""
_NAMES = ("name", "model_name")
"""By which the elements of a list are compared: Azure's, and LiteLLM's."""
_Path = tuple[str, ...]


@dataclass(frozen=True)
class AttributeChange:
    """An attribute's path, and what the plan does to it, for people."""

    path: str
    description: str
    exact: str = ""
    """The same without an abbreviation, for the digest of a plan."""

    def __str__(self) -> str:
        shown = self.description
        if len(shown) > MAX_DESCRIPTION:
            shown = f"{shown[:MAX_DESCRIPTION]}… ({len(shown):,} characters)"
        return printable(f"{self.path}: {shown}" if self.path else shown)


@dataclass(frozen=True)
class _Values:
    """An attribute before and after, and the parts of it that Terraform marks as unknown or sensitive."""

    before: object
    after: object
    unknown: object = None
    sensitive_before: object = None
    sensitive_after: object = None

    def part(self, old: object, new: object) -> _Values:
        """The same of one element, whose key or index may have changed."""
        return _Values(
            _part(self.before, old),
            _part(self.after, new),
            _part(self.unknown, new),
            _part(self.sensitive_before, old),
            _part(self.sensitive_after, new),
        )

    @property
    def old(self) -> object:
        """What may be shown of the value before."""
        return _public(self.before, self.sensitive_before)

    @property
    def new(self) -> object:
        """What may be shown of the value after."""
        return _public(self.after, self.sensitive_after, self.unknown)


def attribute_changes(change: Mapping[str, object]) -> tuple[AttributeChange, ...]:
    """Those of a resource's `change`; attributes that are known after apply only if there are no others."""
    every = tuple(
        AttributeChange(_joined(path), description, exact) for path, description, exact in _compare((), _values(change))
    )
    return tuple(attribute for attribute in every if attribute.description != UNKNOWN) or every


def public_values(change: Mapping[str, object]) -> tuple[object, object]:
    """A resource before and after, as far as it may be shown."""
    values = _values(change)
    return values.old, values.new


def exact_text(*values: object) -> str:
    """The same text for the same values."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def shown(value: object) -> str:
    """A value in one line, with its long texts abbreviated."""
    return json.dumps(_abbreviated(value), ensure_ascii=False)


def printable(text: str) -> str:
    """In one line, with escapes for what a terminal or a browser obeys and does not show, such as controls.

    Names of tags, for example, may contain them, and people elsewhere may have set them.
    """
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def readable_path(path: Sequence[object], *, within: object) -> str:
    """A path as in `replace_paths`, with the names of list elements in place of their indexes."""
    parts: list[str] = []
    value = within
    for step in path:
        if isinstance(step, int) and isinstance(value, list) and step < len(value):
            parts.append(_label(value, step, named=_naming(value), only=len(value) == 1))
        else:
            parts.append(f"[{step}]" if isinstance(step, int) else str(step))
        value = _part(value, step)
    return printable(_joined(tuple(parts)))


def _values(change: Mapping[str, object]) -> _Values:
    keys = ("before", "after", "after_unknown", "before_sensitive", "after_sensitive")
    return _Values(*(change.get(key) for key in keys))


def _compare(path: _Path, values: _Values) -> Iterator[tuple[_Path, str, str]]:
    before, after, unknown = values.before, values.after, values.unknown
    if unknown is True:
        yield path, UNKNOWN, ""
    elif not unknown and (before == after or (after is None and not before) or (before is None and after in ([], {}))):
        return  # "" and false are the provider's null; a state that was not refreshed has null for an empty list
    elif values.sensitive_before is True or values.sensitive_after is True or _is_secret(path):
        yield path, SENSITIVE, ""
    elif isinstance(before, dict | None) and isinstance(after, dict | None):
        for key in dict.fromkeys([*(before or ()), *(after or ()), *(unknown if isinstance(unknown, dict) else ())]):
            yield from _compare((*path, str(key)), values.part(key, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(path, before, after, values)
    elif isinstance(before, str) and isinstance(after, str):
        yield from _compare_texts(path, before, after)
    else:
        yield _changed(path, values.old, values.new)


def _compare_lists(
    path: _Path, before: list[object], after: list[object], values: _Values
) -> Iterator[tuple[_Path, str, str]]:
    """Elements with names are compared by name: one more at the front is one change, not one of each."""
    named = _naming([*before, *after], together=(before, after))
    only = len(before) < 2 and len(after) < 2
    old, new = (
        {_label(elements, index, named=named, only=only): index for index in range(len(elements))}
        for elements in (before, after)
    )
    for label in dict.fromkeys([*old, *new]):
        if label not in new:
            value = values.part(old[label], None).old
            yield (*path, label), f"removed {shown(value)}", exact_text("removed", value)
        elif label not in old:
            value = values.part(None, new[label]).new
            yield (*path, label), f"added {shown(value)}", exact_text("added", value)
        else:
            yield from _compare((*path, label), values.part(old[label], new[label]))
    if set(old) == set(new) and [*old] != [*new]:
        yield path, "order changes", exact_text([*old], [*new])


def _compare_texts(path: _Path, before: str, after: str) -> Iterator[tuple[_Path, str, str]]:
    whole = exact_text(before, after)
    if f"[{SOURCE}]" in path:
        try:
            yield from (((*path, part), text, whole) for part, text in archive_changes(before, after))
        except ValueError as broken:
            yield path, f"changes; {broken}", whole
        return
    if parts := tuple(image_parts(before, after)):
        yield from (_changed((*path, part), old, new) for part, old, new in parts)
        return
    old, new = document_of(before), document_of(after)
    if type(old) is type(new) and old is not None:
        fields = tuple(_compare(path, _Values(old, new)))
        yield from fields or ((path, "layout of the text changes", whole),)
    elif _is_long(before) and _is_long(after):
        yield path, line_changes(before, after), whole
    else:
        yield _changed(path, before, after)


def _changed(path: _Path, before: object, after: object) -> tuple[_Path, str, str]:
    return path, f"{shown(before)} → {shown(after)}", exact_text(before, after)


def _is_secret(path: _Path) -> bool:
    return path[-1:] == ("value",) and bool(_SECRET_NAME.fullmatch(path[-2] if len(path) > 1 else ""))


def _public(value: object, sensitive: object, unknown: object = None) -> object:
    """The value without what is sensitive, unknown or empty."""
    if sensitive is True:
        return _HIDDEN
    if unknown is True:
        return f"({UNKNOWN})"
    if isinstance(value, dict):
        parts = {key: _public(part, _part(sensitive, key), _part(unknown, key)) for key, part in value.items()}
        if _SECRET_NAME.fullmatch(str(value.get("name"))) and parts.get("value"):
            parts["value"] = _HIDDEN
        return {key: part for key, part in parts.items() if part not in (None, "", [], {})}
    if isinstance(value, list):
        return [_public(part, _part(sensitive, index), _part(unknown, index)) for index, part in enumerate(value)]
    return value


def _abbreviated(value: object) -> object:
    if isinstance(value, dict):
        return {key: _abbreviated(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_abbreviated(part) for part in value]
    if isinstance(value, str) and len(value) > MAX_SHOWN:
        return f"{value[: MAX_SHOWN // 2]}… ({len(value):,} characters)"
    return value


def _is_long(value: str) -> bool:
    return len(value) > MAX_SHOWN or "\n" in value


def _joined(path: _Path) -> str:
    return ".".join(path).replace(".[", "[").replace("..", ".").rstrip(".")


def _naming(elements: list[object], *, together: Sequence[list[object]] | None = None) -> str | None:
    """The key under which every element has a name that is unique in its list, if there is one."""
    for key in _NAMES:
        if all(
            all(isinstance(element, dict) and isinstance(element.get(key), str) for element in each)
            and len({_part(element, key) for element in each}) == len(each)
            for each in together or [elements]
        ):
            return key
    return None


def _label(elements: list[object], index: int, *, named: str | None, only: bool) -> str:
    if named:
        return f"[{_part(elements[index], named)}]"
    return "" if only else f"[{index}]"


def _part(value: object, step: object) -> object:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return True if value is True else None  # if the whole is sensitive or unknown, so is each part

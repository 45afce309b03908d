"""Which attributes of a resource change, from what to what; of a sensitive one only that it does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scripts.terraform.paths import Path, are_named, at, joined, label

LONGEST = 60
"""Characters of a value that is shown; the gateway's own code is a value, too."""
LATER = "known after the deployment"


@dataclass(frozen=True)
class Difference:
    """An attribute, and in `words` what becomes of it."""

    path: str
    words: str

    def __str__(self) -> str:
        return f"{self.path}: {self.words}"


@dataclass(frozen=True)
class _Sides:
    """An attribute before and after, and what Terraform says of it: known later, not to be shown."""

    before: object
    after: object
    unknown: object
    hidden_before: object
    hidden_after: object

    def at(self, old: object, new: object) -> _Sides:
        """The same of a part, which may have moved."""
        return _Sides(
            at(self.before, old),
            at(self.after, new),
            at(self.unknown, new),
            at(self.hidden_before, old),
            at(self.hidden_after, new),
        )


def differences(change: Mapping[str, object]) -> tuple[Difference, ...]:
    """Those of a resource's `change`, as Terraform's JSON has it; what is known later only if nothing else is."""
    keys = ("before", "after", "after_unknown", "before_sensitive", "after_sensitive")
    found = _compare((), _Sides(*(change.get(key) for key in keys)))
    every = tuple(Difference(joined(path), words) for path, words in found)
    return tuple(difference for difference in every if difference.words != LATER) or every


def _compare(path: Path, sides: _Sides) -> Iterator[tuple[Path, str]]:
    before, after, unknown = sides.before, sides.after, sides.unknown
    if unknown is True:
        yield path, LATER
    elif not unknown and (before == after or (after is None and not before) or (before is None and after in ([], {}))):
        return  # the provider's nothing: "", false; of a state that was not refreshed, no list for an empty one
    elif sides.hidden_before is True or sides.hidden_after is True:
        yield path, "changes (sensitive)"
    elif isinstance(before, dict | None) and isinstance(after, dict | None):
        for key in dict.fromkeys([*(before or ()), *(after or ()), *(unknown if isinstance(unknown, dict) else ())]):
            yield from _compare((*path, key), sides.at(key, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(path, before, after, sides)
    elif _is_long(before) and _is_long(after):
        yield path, "the text changes"
    else:
        yield path, f"{_shown(before)} → {_shown(after)}"


def _compare_lists(path: Path, before: list[object], after: list[object], sides: _Sides) -> Iterator[tuple[Path, str]]:
    """Named elements are compared by their names: one more in front is one difference, not one of each."""
    named = are_named(before) and are_named(after)
    only = len(before) < 2 and len(after) < 2
    old, new = (
        {label(values, number, named=named, only=only): number for number in range(len(values))}
        for values in (before, after)
    )
    for called in dict.fromkeys([*old, *new]):
        where = (*path, called)
        if called not in new:
            yield where, "removed"
        elif called not in old:
            yield where, "added"
        else:
            yield from _compare(where, sides.at(old[called], new[called]))
    if set(old) == set(new) and [*old] != [*new]:
        yield path, "another order"


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return f"{len(value)} values"
    return "a text" if _is_long(value) else json.dumps(value, ensure_ascii=False)


def _is_long(value: object) -> bool:
    return isinstance(value, str) and (len(value) > LONGEST or "\n" in value)

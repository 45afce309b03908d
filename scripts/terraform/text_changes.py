"""How two texts differ: images by their parts, the gateway's source by its files, other long texts by their lines."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator

import yaml

from gateway.archive import unpack
from gateway.runtime.configuration import source_digest

_IMAGE = re.compile(r"(?P<repository>[^\s@]+?):(?P<tag>[\w.-]+)@(?P<digest>sha256:[0-9a-f]{64})")
_SHOWN_LINES = 4
"""Of a changed text, on each side."""


def document_of(text: str) -> object:
    """What the text of a JSON or YAML document means, or None: a single value is no document."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            found = yaml.safe_load(text) if "\n" in text else None
        except (yaml.YAMLError, ValueError, RecursionError):
            return None
    return found if isinstance(found, dict | list) else None


def image_parts(before: str, after: str) -> Iterator[tuple[str, str, str]]:
    """Which of repository, tag and digest differ, from what to what; nothing if one is no image with all three."""
    old, new = _IMAGE.fullmatch(before), _IMAGE.fullmatch(after)
    if old and new:
        yield from ((part, old[part], new[part]) for part in _IMAGE.groupindex if old[part] != new[part])


def archive_changes(before: str, after: str) -> Iterator[tuple[str, str]]:
    """The digests of two archives of source files, then the files that are added, changed and removed, in words.

    Raises:
        ValueError: one of them is no such archive.
    """
    old, new = unpack(before), unpack(after)
    yield "digest", f"{source_digest(before)} → {source_digest(after)}"
    groups = {
        "changed": [name for name in old.keys() & new.keys() if old[name] != new[name]],
        "added": new.keys() - old.keys(),
        "removed": old.keys() - new.keys(),
    }
    yield from ((word, ", ".join(sorted(names))) for word, names in groups.items() if names)


def line_changes(before: str, after: str) -> str:
    """How many lines are added and removed, and the first of them."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    removed, added = ([line for line in lines if line.startswith(sign)] for sign in "-+")
    shown = "; ".join([*removed[:_SHOWN_LINES], *added[:_SHOWN_LINES]])
    return f"{len(added)} lines added, {len(removed)} removed" + (f": {shown}" if shown else "")

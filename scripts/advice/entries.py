"""The entries, and how a command finds the one for a failure."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SECTIONS = ("clients", "gateway", "azure_openai", "smoke_test", "scripts", "terraform", "azure", "github")
"""In the order of the page, in which entries are also tried: the first that matches is used."""
_PATTERNS = frozenset({"says", "cli", "terraform"})
_LISTS = frozenset({"actions", "status", "code"})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Braces in `meaning` and `actions` are filled in by the command that shows them."""

    id: str
    section: str
    message: str = ""
    """As the page quotes it. An entry without a message or a code is not on the page: a command shows it."""
    meaning: str = ""
    actions: tuple[str, ...] = ()
    layer: str = ""
    """What the smoke test blames."""
    status: tuple[int, ...] = ()
    code: tuple[str, ...] = ()
    says: re.Pattern[str] | None = None
    cli: re.Pattern[str] | None = None
    """Matches what az or gh prints."""
    terraform: re.Pattern[str] | None = None

    @property
    def text(self) -> str:
        """Meaning and actions as one text."""
        return " ".join(filter(None, [self.meaning, *self.actions]))

    def matches(self, *, status: int, code: str, text: str) -> bool:
        """Whether it is about an HTTP answer of this status, error code and text; what it leaves open matches any."""
        return (
            (not self.status or status in self.status)
            and (not self.code or code in self.code)
            and (self.says is None or self.says.search(text) is not None)
        )


@dataclass(frozen=True, kw_only=True)
class Section:
    """A file of entries."""

    name: str
    title: str
    text: str = ""
    entries: tuple[Entry, ...] = field(repr=False)


@functools.cache
def sections() -> tuple[Section, ...]:
    """All of them."""
    return tuple(_read(name) for name in SECTIONS)


def entries(*names: str) -> tuple[Entry, ...]:
    """Those of the named sections."""
    return tuple(entry for section in sections() if section.name in names for entry in section.entries)


def entry(id: str) -> Entry:  # noqa: A002 - the field's name
    """The one of that name."""
    return next(entry for section in sections() for entry in section.entries if entry.id == id)


def for_command(text: str) -> Entry | None:
    """The one for what az or gh printed."""
    return next((entry for entry in entries(*SECTIONS) if entry.cli and entry.cli.search(text)), None)


def for_terraform(text: str) -> Entry | None:
    """The one for what Terraform printed."""
    return next((entry for entry in entries(*SECTIONS) if entry.terraform and entry.terraform.search(text)), None)


def _read(name: str) -> Section:
    content = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return Section(
        name=name,
        title=content["title"],
        text=content.get("text", "").strip(),
        entries=tuple(_entry(name, values) for values in content["entry"]),
    )


def _entry(section: str, values: dict[str, Any]) -> Entry:
    values = dict(values)
    for name in _PATTERNS & values.keys():
        values[name] = re.compile(values[name])
    for name in _LISTS & values.keys():
        values[name] = tuple(values[name])
    return Entry(section=section, **values)

"""A request, and what came back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


def printable(text: str) -> str:
    """Without what moves a terminal's cursor."""
    return "".join(character for character in text if character.isprintable())


@dataclass(frozen=True, kw_only=True)
class Request:
    """A GET, or a POST of a `body`; `path` is below the base URL."""

    path: str
    key: str | None = field(repr=False)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server said, as text; `ms` until its end, `first_ms` until the first byte of its body."""

    status: int
    headers: Mapping[str, str]
    text: str
    ms: float
    first_ms: float
    broke: str = ""
    """How it ended too early, if it did."""

    @cached_property
    def json(self) -> object:
        """The body, or None if it is no JSON."""
        try:
            parsed: object = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        return parsed

    @property
    def fields(self) -> Mapping[str, Any]:
        """The body's fields, none if it is no object."""
        return self.json if isinstance(self.json, dict) else {}

    @property
    def error(self) -> Mapping[str, Any]:
        """The fields of its `error`, none if it has no such object."""
        error = self.fields.get("error")
        return error if isinstance(error, dict) else {}

    @property
    def media_type(self) -> str:
        """What its headers call the body."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

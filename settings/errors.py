"""Says a person what is wrong with the settings: where, which field, which value, and what is allowed."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from settings.values import CONFLICT
from settings.variables import Variables

_BARE_KEY = re.compile("[A-Za-z0-9_-]+")
_SECRET = re.compile("key|secret|token|password|credential", re.IGNORECASE)
_PRIVATE_PARTS_OF_A_URL = re.compile(r"(?<=://)[^/@]*(?=@)|(?<=\?).+")
_LONGEST_VALUE = 120


class SettingsError(Exception):
    """All mistakes of all files; `str(error)` is the complete message for the person."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(dict.fromkeys(mistakes))
        count = "a mistake" if len(self.mistakes) == 1 else f"{len(self.mistakes)} mistakes"
        super().__init__("\n  ".join([f"The settings have {count}:", *self.mistakes]))


@dataclass(frozen=True)
class Explainer:
    """Turns what pydantic found in one file, overridden by variables, into one line per mistake."""

    file: Path
    model: type[BaseModel]
    variables: Variables

    def explain(self, error: ValidationError) -> list[str]:
        return [self._explain(details) for details in error.errors(include_url=False)]

    def conflict(self, field: str, value: str, message: str) -> str:
        """A value contradicts another one; either may be a variable's, so all of their group are named."""
        names = self.variables.names_in(field.partition(".")[0])
        source = f"{self.file} with {', '.join(names)} (environment)" if names else str(self.file)
        return f"{source}: {field}{value}: {message}"

    def _explain(self, details: ErrorDetails) -> str:
        kind, location, value = details["type"], details["loc"], _shown(details["input"])
        names = [part for part in location if isinstance(part, str) and part != "[key]"]
        if kind == CONFLICT:
            return self.conflict(_dotted(location), value, details["msg"])

        variable = self.variables.name_of(names)
        source = f"{variable} (environment variable)" if variable else str(self.file)
        message = details["msg"]
        if kind == "missing":
            value, message = "", "is missing, and has no default"
        elif kind == "model_type":
            message = "must be a table of settings"
        elif kind == "extra_forbidden":
            value = "" if variable or _SECRET.search(names[-1]) else value
            message = f"is no setting; allowed are {self._fields_beside(names)}"
        return f"{source}: {_dotted(location)}{value}: {message}"

    def _fields_beside(self, names: list[str]) -> str:
        group: Any = self.model
        for name in names[:-1]:
            group = group.model_fields[name].annotation
        return ", ".join(group.model_fields)


def _dotted(location: tuple[int | str, ...]) -> str:
    field = ""
    for part in location:
        if isinstance(part, int):
            field += f"[{part}]"
        elif part != "[key]":
            field += "." + (part if _BARE_KEY.fullmatch(part) else json.dumps(part))
    return field.removeprefix(".")


def _shown(value: object) -> str:
    """` = value` on one line, without the parts of a URL that may be secret; nothing for a table."""
    if isinstance(value, dict | BaseModel):
        return ""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if "://" in text:
        text = _PRIVATE_PARTS_OF_A_URL.sub("***", text)
    return f" = {text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + '...'}"

"""Messages for mistakes in the settings: which file, which field, which value, and what is allowed."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from settings.upstreams import KINDS
from settings.values import CONFLICT
from settings.variables import PREFIX, Variables

_PLAIN_NAME = re.compile("[A-Za-z0-9_-]{1,60}")
_SECRET = re.compile("key|secret|token|password|credential", re.IGNORECASE)
_PRIVATE_PARTS_OF_A_URL = re.compile(r"(?<=://)[^/@]*(?=@)|(?<=\?).+")
_LONGEST = 120
_NOT_IN_A_FILE = {"[key]", *KINDS}
"""Parts of pydantic's field paths."""


class SettingsError(Exception):
    """All mistakes of all files; `str(error)` is the complete message for the person."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(dict.fromkeys(mistakes))
        count = "a mistake" if len(self.mistakes) == 1 else f"{len(self.mistakes)} mistakes"
        super().__init__("\n  ".join([f"The settings have {count}:", *self.mistakes]))


@dataclass(frozen=True)
class Explainer:
    """Writes one line per mistake of one file that variables override."""

    file: Path
    model: type[BaseModel]
    variables: Variables

    def explain(self, error: ValidationError) -> list[str]:
        """What pydantic found."""
        found = error.errors(include_url=False)
        # What cannot be derived from a value that was refused is no mistake of its own.
        return [self._explain(details) for details in found if details["type"] != "default_factory_not_called"]

    def conflict(self, field: str, value: object, message: str) -> str:
        """A value contradicts another one. Either may come from a variable, so both sources are named."""
        names = self.variables.concerning(f"{field} {message}")
        source = f"{self.file} with {', '.join(names)} (environment)" if names else str(self.file)
        return f"{source}: {field}{_shown(value)}: {message}"

    def unknown_variables(self) -> list[str]:
        """Their values are not shown: one may be a secret under a wrong name."""
        return [
            f"{name} (environment variable): names no setting. After {PREFIX} must come one of "
            f"{self._fields_beside([name])}; after __, one of its fields"
            for name in self.variables.unknown()
        ]

    def unknown_field(self, location: Sequence[int | str], value: object) -> str:
        variable = self.variables.name_of(location)
        shown = "" if variable or _SECRET.search(str(location[-1])) else _shown(value)
        reason = getattr(self._table_of(location), "absent", {}).get(location[-1])
        message = reason or f"is not a setting; allowed are {self._fields_beside(location)}"
        return f"{self._source(variable)}: {_dotted(location)}{shown}: {message}"

    def foreign_project(self, name: str, projects: Iterable[str]) -> str:
        """A variable would add a project to those of the file, where a person has meant one of them."""
        variable = self.variables.name_of(["projects", name])
        allowed = f"must be a project of {self.file}, which are {', '.join(projects)}"
        return f"{self._source(variable)}: {_dotted(['projects', name])}: {allowed}"

    def _explain(self, details: ErrorDetails) -> str:
        kind, location, value, message = details["type"], details["loc"], details["input"], details["msg"]
        field = _dotted(location)
        if kind == CONFLICT:
            return self.conflict(field, value, message)
        if kind == "extra_forbidden":
            return self.unknown_field(location, value)
        if kind == "missing":
            owner = "file" if len(location) == 1 else "table of this kind"
            source = self._source(self.variables.name_of(location[:-1]))
            return f"{source}: {field}: is missing; every {owner} must give it"
        variable = self.variables.name_of(location)
        if kind == "model_type":
            message = "must be JSON: an object of settings" if variable else "must be a table of settings"
        if variable:
            message = details.get("ctx", {}).get("in_a_variable") or message
        return f"{self._source(variable)}: {field}{_shown(value)}: {message}"

    def _source(self, variable: str | None) -> str:
        return f"{variable} (environment variable)" if variable else str(self.file)

    def _fields_beside(self, location: Sequence[int | str]) -> str:
        fields = self._table_of(location).model_fields
        return ", ".join(name for name, field in fields.items() if field.annotation is not NoneType)

    def _table_of(self, location: Sequence[int | str]) -> type[BaseModel]:
        """The table that a field is in: down into a group's field, or into an item of a list or table of groups."""
        found: Any = self.model
        for part in location[:-1]:
            if part in KINDS:
                found = KINDS[str(part)]
            elif _is_group(found):
                found = found.model_fields[part].annotation
            else:
                found = next(filter(_is_group, get_args(found)), found)
        group: type[BaseModel] = found if _is_group(found) else next(filter(_is_group, get_args(found)))
        return group


def _is_group(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _dotted(location: Sequence[int | str]) -> str:
    """`ingress.ip_allowlist[0]`; a name that is none in TOML without quotes gets them, and ".." is one table up."""
    if ".." in location:
        up = list(location).index("..")
        location = [*location[: up - 1], *location[up + 1 :]]
    field = ""
    for part in location:
        if isinstance(part, int):
            field += f"[{part}]"
        elif part not in _NOT_IN_A_FILE:
            field += "." + (part if _PLAIN_NAME.fullmatch(part) else _short(json.dumps(part)))
    return field.removeprefix(".")


def _shown(value: object) -> str:
    """` = value` on one line, without the parts of a URL that may be secret; nothing for a table or some of them."""
    first = value[0] if isinstance(value, list | tuple) and value else value
    if isinstance(first, dict | BaseModel):
        return ""
    if isinstance(value, str) and "://" in value:
        value = _PRIVATE_PARTS_OF_A_URL.sub("***", value)
    return f" = {_short(json.dumps(value, ensure_ascii=False, default=str))}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

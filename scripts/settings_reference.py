"""Prints the reference of all settings, made from their model; `--write` puts it into docs/settings.md.

`--write` also renews the JSON schema of the files, which editors use.

The column "must be" has the words of the error message: each field is given wrong values.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.setup.paths import ROOT
from settings import json_schema
from settings.environment import EnvironmentSettings
from settings.values import VariableText
from settings.variables import NESTED, PREFIX

FILE = ROOT / "docs/settings.md"
SCHEMA = json_schema.FILE
BEGIN = "<!-- the reference: python3 scripts/settings_reference.py --write -->"
END = "<!-- end of the reference -->"
HEAD = "| field | must be | default | what it is |\n| --- | --- | --- | --- |"
WRONG = (VariableText("?"), object())  # nearly no field allows the text, and none the object


def main() -> None:
    """Print the reference, write it and the schema, or check both files."""
    arguments = parse(sys.argv[1:])
    if not (arguments.check or arguments.write):
        print(reference())
        return
    wanted = {FILE: with_reference(FILE.read_text(encoding="utf-8")), SCHEMA: json_schema.render()}
    for file, text in wanted.items():
        if arguments.write:
            file.write_text(text, encoding="utf-8")
        elif text != file.read_text(encoding="utf-8"):
            name = file.relative_to(ROOT)
            raise ScriptError(f"{name} is outdated: run python3 scripts/settings_reference.py --write")
        log(f"{file.relative_to(ROOT)} matches the model.")


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="settings_reference.py", description="Prints the reference of all settings, made from their model."
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="end with exit code 1 if one of both differs")
    what.add_argument("--write", action="store_true", help="write it into docs/settings.md, and settings/schema.json")
    return parser.parse_args(words)


def with_reference(text: str) -> str:
    """The file's text with the reference between its marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ScriptError(f"{FILE.relative_to(ROOT)}: must have the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


def reference() -> str:
    """All tables, one after the other."""
    return "\n\n".join(_section(table) for table in tables())


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of a settings file, or its top; `has_values`: fields without a default get a derived value.

    `kind` is a field that tells tables of several kinds under the same header apart.
    """

    header: str
    model: Any
    variable: str
    has_values: bool
    kind: str = ""

    @property
    def is_in_a_list(self) -> bool:
        """Whether a variable gives it within a list only."""
        return self.header.startswith("[[")

    @property
    def text(self) -> str:
        """The docstring of the model; at the top it is about code, not about a file."""
        return _one_line(inspect.getdoc(self.model) or "") if self.header else ""


def tables() -> Iterator[Table]:
    """The top, then each table in the order of the model, followed by the tables in it."""
    yield from _tables(Table(header="", model=EnvironmentSettings, variable=PREFIX, has_values=False))


def _tables(table: Table) -> Iterator[Table]:
    yield table
    for name, field in table.model.model_fields.items():
        models = _models_in(field.annotation)
        path = f"{table.header.strip('[]')}.{name}".strip(".")
        own = table.variable + name.upper()
        for model in models:
            if get_origin(field.annotation) is dict:
                header, variable = f"[{path}.NAME]", f"{own}{NESTED}NAME{NESTED}"
            elif get_origin(field.annotation) is tuple:
                header, variable = f"[[{path}]]", table.variable if table.is_in_a_list else own
            else:
                header, variable = f"[{path}]", own + NESTED
            has_values = field.annotation is model
            kind = _kind(model, models) if len(models) > 1 else ""
            yield from _tables(Table(header=header, model=model, variable=variable, has_values=has_values, kind=kind))


def _section(table: Table) -> str:
    rows = [_row(name, field, table=table) for name, field in table.model.model_fields.items()]
    title = f"### `{table.header}`" if table.header else "### At the top of the file"
    title += f" with `{table.kind}`" if table.kind else ""
    text = [table.text] if table.text else []
    return "\n\n".join([title, *text, _variables(table), "\n".join([HEAD, *filter(None, rows)])])


def _variables(table: Table) -> str:
    if table.is_in_a_list:
        return f"Variable: `{table.variable}`, all of these tables as one list in JSON."
    return f"Variables: `{table.variable}` and the field's name in capitals."


def _row(name: str, field: FieldInfo, *, table: Table) -> str | None:
    """None for a field that is a table of its own."""
    if _models_in(field.annotation):
        return None
    cells = [f"`{name}`", _allowed(field), _default(field, has_values=table.has_values), field.description or ""]
    return "| " + " | ".join(_one_line(cell).replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"


def _allowed(field: FieldInfo) -> str:
    """Its error messages for wrong values; of several those about the type and about a part of it."""
    annotation: Any = Annotated[(field.annotation, None, *field.metadata)]
    adapter = TypeAdapter[Any](annotation)
    messages: list[str] = []
    for wrong in reversed(WRONG):
        try:
            adapter.validate_python(wrong)
        except ValidationError as error:
            messages += [_message(details["msg"]) for details in error.errors(include_url=False)]
    kind, *part = dict.fromkeys(messages)
    return f"{kind}, each {part[-1]}" if part and kind.startswith("a list of") else [kind, *part][-1]


def _message(text: str) -> str:
    return text.removeprefix("must be ").partition(";")[0]


def _default(field: FieldInfo, *, has_values: bool) -> str:
    """As it is written in a file, or where it comes from."""
    if field.is_required():
        return "derived" if has_values else "must be given"
    if field.default_factory is not None:
        return "derived"
    if field.default is None or field.default == {}:
        return "none"
    return f"`{json.dumps(field.default)}`"


def _models_in(annotation: object) -> list[Any]:
    """The models of a table, or of the tables in a list or a table by name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in {Union, UnionType, Annotated, tuple, dict, list}:
        return [model for part in get_args(annotation) for model in _models_in(part)]
    return []


def _kind(model: type[BaseModel], models: list[type[BaseModel]]) -> str:
    """The first field that no other of these models has."""
    others = [other.model_fields for other in models if other is not model]
    return next(name for name in model.model_fields if not any(name in fields for fields in others))


def _one_line(text: str) -> str:
    return " ".join(text.split())

"""Reads the KQL files of this folder: one question each, and parameters, which values of the settings may replace.

A file begins with `// the question`. Its parameters are its `let NAME = VALUE;` lines; VALUE is KQL, not a query.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from settings.environment import EnvironmentSettings
from settings.models import Model

FOLDER = Path(__file__).parent
_QUESTION = re.compile(r"// (\S.*\?.*)\n")
_PARAMETER = re.compile(r"^let (?P<name>\w+) = (?P<value>[^\n|]*?);$", re.MULTILINE)


class QueryError(Exception):
    """There is no such query or parameter, or a file is not a query."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question and the KQL that answers it. `parameters` are values as KQL text, by name."""

    name: str
    question: str
    text: str

    @property
    def parameters(self) -> dict[str, str]:
        """What may be replaced."""
        return {found["name"]: found["value"] for found in _PARAMETER.finditer(self.text)}

    def with_values(self, **values: str) -> "Query":
        """The same query with other values, which are KQL, like `period="7d"`.

        Raises:
            QueryError: the query has no parameter of that name.
        """
        if unknown := values.keys() - self.parameters.keys():
            names = ", ".join(self.parameters) or "none"
            raise QueryError(f"queries/{self.name}.kql has no parameter {min(unknown)}; it has: {names}")

        def parameter(found: re.Match[str]) -> str:
            return f"let {found['name']} = {values.get(found['name'], found['value'])};"

        return replace(self, text=_PARAMETER.sub(parameter, self.text))

    def with_settings(self, settings: EnvironmentSettings) -> "Query":
        """The same query with what the settings say about its parameters."""
        known = {
            "container_app": json.dumps(settings.naming.name("container_app")),  # others may share its workspace
            "prices": prices(settings.all_models),
            "retirements": retirements(settings.all_models),
        }
        if target := settings.observability.alerts.availability_percent:
            known["target"] = str(target)
        return self.with_values(**{name: value for name, value in known.items() if name in self.parameters})


def read_query(name: str) -> Query:
    """The query of this name.

    Raises:
        QueryError: there is none, or its first line is not a question.
    """
    path = FOLDER / f"{name}.kql"
    if not path.is_file():
        raise QueryError(f"queries/{name}.kql does not exist; there are: {', '.join(query_names())}")
    text = path.read_text(encoding="utf-8")
    question = _QUESTION.match(text)
    if question is None:
        raise QueryError(f"queries/{name}.kql must begin with a question, like: // How many requests are there?")
    return Query(name=name, question=question[1], text=text)


def query_names() -> list[str]:
    """The names of all queries."""
    return sorted(path.stem for path in FOLDER.glob("*.kql"))


def prices(models: Iterable[Model]) -> str:
    """What the models cost, in US dollars per million tokens; one that has no price is left out."""
    rows: dict[str, tuple[str, ...]] = {}
    for model in models:
        output = 0.0 if model.kind == "embeddings" else model.output_price
        if model.input_price is None or output is None:
            continue
        cached = model.input_price if model.cached_input_price is None else model.cached_input_price
        rows[model.name] = (str(model.input_price), str(cached), str(output))
    return _datatable("model: string, input_price: real, cached_price: real, output_price: real", rows)


def retirements(models: Iterable[Model]) -> str:
    """On which day Azure retires the models; one of which that is unknown is left out."""
    rows = {model.name: (f"datetime({model.retires})",) for model in models if model.retires}
    return _datatable("model: string, retires: datetime", rows)


def _datatable(columns: str, rows: Mapping[str, tuple[str, ...]]) -> str:
    lines = ", ".join(", ".join((json.dumps(key), *values)) for key, values in rows.items())
    return f"datatable({columns})[{lines}]"

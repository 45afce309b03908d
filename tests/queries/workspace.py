"""A Log Analytics workspace in memory: DuckDB, for which duckdb-kql translates KQL, or refuses what it cannot."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb_kql
from duckdb_kql import engine

from .parser import TABLES

NOW = datetime(2026, 12, 1, 12, 0, 0)
APP = "a-gateway"
_TYPES = {"datetime": "timestamp", "string": "varchar"}
Rows = list[dict[str, Any]]


class Workspace:
    """Tables with the rows of a test, by default of `APP`. `NOW` is what queries take for the time."""

    def __init__(self) -> None:
        self._connection = duckdb_kql.connect()
        self._rows: list[tuple[str, list[object]]] = []
        for table, columns in TABLES.items():
            schema = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in columns.items())
            self._connection.execute(f'create table "{table}" ({schema})')

    def add(self, table: str, **row: object) -> None:
        """Add a row; other columns are empty."""
        self._rows.append((table, [row.get(name) for name in TABLES[table]]))

    def log(
        self,
        line: Mapping[str, object],
        *,
        ago: timedelta = timedelta(minutes=1),
        replica: str = "a",
        of: str = "gateway",
        app: str = APP,
    ) -> None:
        """Add a line of the gateway's log."""
        row = {
            "TimeGenerated": NOW - ago,
            "ContainerAppName_s": app,
            "ContainerName_s": of,
            "ContainerGroupName_s": replica,
        }
        self.add("ContainerAppConsoleLogs_CL", **row, Log_s=json.dumps(line))

    def log_line(self, line: Mapping[str, Any]) -> None:
        """Add a line of a real gateway, at its own time."""
        at = datetime.fromisoformat(line["time"]).astimezone(UTC).replace(tzinfo=None)
        row = {"TimeGenerated": at, "ContainerName_s": "gateway", "ContainerGroupName_s": "a"}
        self.add("ContainerAppConsoleLogs_CL", **row, Log_s=json.dumps(line))

    def run(self, query: str, *, now: datetime = NOW) -> Rows:
        """The rows of the result."""
        for table in TABLES:
            if rows := [row for name, row in self._rows if name == table]:
                places = f"({', '.join('?' * len(TABLES[table]))})"
                values = [value for row in rows for value in row]
                self._connection.execute(f'insert into "{table}" values {", ".join([places] * len(rows))}', values)  # noqa: S608 - of tests
        self._rows.clear()
        result = engine.kql(self._connection, query, query_now=now)
        return [dict(zip(result.columns, row, strict=True)) for row in result.fetchall()]

    def columns(self, query: str) -> list[str]:
        """The columns of the result."""
        return [*engine.kql(self._connection, query).columns]

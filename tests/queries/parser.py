"""Microsoft's parser of KQL, in Node: https://www.npmjs.com/package/@kusto/language-service-next."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.setup.install import program
from scripts.setup.prepare import PARSER, prepare

_FOLDER = Path(__file__).parent
TABLES: dict[str, dict[str, str]] = json.loads((_FOLDER / "tables.json").read_text(encoding="utf-8"))
"""The columns of the workspace's tables that matter here, and their types.

https://learn.microsoft.com/azure/container-apps/log-monitoring
https://learn.microsoft.com/azure/azure-monitor/logs/monitor-workspace
"""


@dataclass(frozen=True)
class Analysis:
    """What the parser knows of a query."""

    mistakes: list[str]
    """In syntax, names and types."""
    fields: list[str]
    """Paths in the log's line: `tokens.input`, `attempts[].status`. One that begins with `?` is not of the line."""
    events: list[str]
    """The texts that the field `event` is compared with."""
    columns: dict[str, str]
    """Of the result, with their types."""


def analyze(queries: Mapping[str, str]) -> dict[str, Analysis]:
    """Analyze queries, by name, in one process: loading the parser takes a second."""
    prepare(parser=True)
    ran = subprocess.run(
        [program("node"), _FOLDER / "analyze.cjs", PARSER],
        input=json.dumps({"tables": TABLES, "queries": queries}),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return {name: Analysis(**analysis) for name, analysis in json.loads(ran.stdout).items()}

"""The gateway's lines of the last days, from the Log Analytics workspace of an environment."""

from __future__ import annotations

import json

from pydantic import BaseModel, ValidationError

from queries import read_query
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.reporting.log_lines import Log
from settings.environment import EnvironmentSettings

QUERY = "access_lines"
"""It bounds lines and their lengths, for an answer has at most 500,000 rows and 100 MB:
https://learn.microsoft.com/azure/azure-monitor/service-limits."""
URL = "https://api.loganalytics.azure.com/v1/workspaces/{workspace}/query"
RESOURCE = "https://api.loganalytics.io"
"""https://learn.microsoft.com/azure/azure-monitor/logs/api/request-format. `az monitor log-analytics query` is of an
extension, and az may ask before it installs that; `az rest` is always there."""


class _Table(BaseModel):
    rows: list[tuple[str, int]]


class _Answer(BaseModel):
    tables: list[_Table]
    error: object = None
    """Something that did not stop the query, for example that its answer is incomplete."""


def read_workspace(log: Log, az: CommandLine, settings: EnvironmentSettings, *, days: int) -> None:
    """Add the newest lines of so many days; `ScriptError` if there is no workspace or the query fails."""
    name, group = settings.workspace_name_and_group
    workspace = az.find(
        "monitor", "log-analytics", "workspace", "show", "--workspace-name", name, "--resource-group", group
    )
    if workspace is None:
        raise ScriptError(f"There is no workspace {name} in {group}: {settings.env} is not deployed yet.")
    body = json.dumps({"query": read_query(QUERY).with_settings(settings).with_values(period=f"{days}d").text})
    url = URL.format(workspace=workspace["customerId"])
    found = az.query("rest", "--method", "post", "--resource", RESOURCE, "--url", url, "--body", body)
    try:
        answer = _Answer.model_validate(found)
        rows = answer.tables[0].rows
    except (ValidationError, LookupError):
        raise ScriptError(f"Log Analytics gave an unexpected answer: {json.dumps(found)[:300]}") from None
    for number, (line, _) in enumerate(reversed(rows), start=1):
        log.add(line, where=f"{name}, line {number}")
    total = rows[0][1] if rows else 0
    if len(rows) < total:
        log.cut = f"{len(rows):,} of {total:,} lines, the newest"
    elif answer.error:
        log.cut = f"only what Log Analytics gave: {json.dumps(answer.error)[:300]}"

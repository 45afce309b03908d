"""`az monitor log-analytics workspace`, and what the API of Log Analytics answers to `az rest`."""

from __future__ import annotations

import json

from tests.cloud.az.azure import Azure
from tests.cloud.az.commands import AzError, Json, command, missing

API = "https://api.loganalytics.azure.com/v1/workspaces/"
RESOURCE = "https://api.loganalytics.io"


def workspace(resource_group: str, *, lines: list[str], total: int | None = None) -> Json:
    """One for a test's state: the lines that its answer has, the newest first, of so many."""
    rows = [[line, len(lines) if total is None else total] for line in lines]
    columns = [{"name": "Log_s", "type": "string"}, {"name": "total", "type": "long"}]
    return {
        "customerId": "77777777-aaaa-4aaa-8aaa-777777777777",
        "resourceGroup": resource_group,
        "answer": {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]},
    }


@command("monitor log-analytics workspace show")
def show(azure: Azure, *, workspace_name: str, resource_group: str) -> Json:
    """One of them."""
    found: Json | None = azure["workspaces"].get(workspace_name)
    if found is None or found["resourceGroup"] != resource_group:
        raise missing(
            "ResourceNotFound",
            f"The Resource 'Microsoft.OperationalInsights/workspaces/{workspace_name}' under resource group "
            f"'{resource_group}' was not found.",
        )
    return {"name": workspace_name, "customerId": found["customerId"], "retentionInDays": 30}


@command("monitor log-analytics workspace list-deleted-workspaces")
def list_deleted(azure: Azure) -> list[Json]:
    """Those that can still be recovered."""
    found: list[Json] = azure["workspaces_deleted"]
    return found


@command(f"rest --method post --resource {RESOURCE}")
def query(azure: Azure, *, url: str, body: str) -> Json:
    """The answer that the test gave to the workspace of this address; the query itself is not read."""
    if not json.loads(body)["query"]:
        raise AzError("", "Bad Request")
    for found in azure["workspaces"].values():
        if url == f"{API}{found['customerId']}/query":
            answer: Json = found["answer"]
            return answer
    raise AzError("", f"Not Found({url})")

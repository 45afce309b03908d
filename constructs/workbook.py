"""The workbook: a page of the portal, built from the files in queries/."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from constructs import Construct, azurerm
from constructs.escaping import literal
from constructs.observability import Observability
from constructs.resource_group import ResourceGroup
from queries import Query, read_query
from settings.environment import EnvironmentSettings

_RESOURCE_TYPE = "microsoft.operationalinsights/workspaces"
_TIME_RANGE = "TimeRange"
_HOUR_MS = 3_600_000
_RANGES = (1, 4, 24, 7 * 24, 30 * 24, 90 * 24)
"""Hours."""
_DEFAULT_RANGE = 24


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A query's answer as a chart over time; without one it is a table."""

    y: str
    by: str = ""
    kind: str = "timechart"


SECTIONS: Mapping[str, Mapping[str, Chart | None]] = {
    "Health": {
        "availability": Chart(y="availability_percent"),
        "errors": None,
        "failed_requests": None,
        "platform_events": None,
        "events": None,
    },
    "Traffic and latency": {
        "traffic": None,
        "first_byte": Chart(y="p95_ms", by="series"),
        "slowest_requests": None,
        "replicas": Chart(y="replicas"),
    },
    "Regions of Azure OpenAI": {
        "failover": None,
        "circuit_breakers": None,
        "rate_limits": Chart(y="refusals", by="refused_by", kind="barchart"),
    },
    "Tokens and cost": {
        "tokens": Chart(y="total", by="project_name", kind="barchart"),
        "cost": Chart(y="dollars", by="project_name", kind="barchart"),
        "cache_hits": None,
    },
    "Indexing and translated chat": {
        "indexing": Chart(y="tokens_per_minute", by="model"),
        "translation": Chart(y="max_places"),
    },
    "Projects and keys": {
        "project_limits": None,
        "keys_in_use": None,
        "refused_requests": None,
    },
}
"""Headings, and the queries below each."""


class Workbook(Construct):
    """The page, with one parameter: the time range.

    Format: https://github.com/microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        group: ResourceGroup,
        observability: Observability,
    ) -> None:
        super().__init__(scope, construct_id)
        title = f"AI gateway {settings.env}"
        workbook = azurerm.ApplicationInsightsWorkbook(
            self,
            "workbook",
            # Azure wants a UUID; this one stays, whoever synthesizes.
            name=str(uuid5(NAMESPACE_URL, settings.naming.name("resource_group"))),
            display_name=title,
            location=group.location,
            resource_group_name=group.name,
            data_json=_render(title=title, settings=settings, workspace_id=observability.workspace_id),
            tags=group.tags,
        )
        workbook.override_logical_id("gateway")


def _render(*, title: str, settings: EnvironmentSettings, workspace_id: str) -> str:
    content = {
        "version": "Notebook/1.0",
        "items": list(_items(title=title, settings=settings, workspace_id=workspace_id)),
        "fallbackResourceIds": [workspace_id],
    }
    return json.dumps(content, ensure_ascii=False)


def _items(*, title: str, settings: EnvironmentSettings, workspace_id: str) -> Iterator[dict[str, Any]]:
    yield _text(f"# {title}", name="title")
    yield _parameters()
    for heading, charts in SECTIONS.items():
        yield _text(f"## {heading}", name=heading)
        for name, chart in charts.items():
            yield _query(read_query(name).with_settings(settings), chart=chart, workspace_id=workspace_id)


def _text(markdown: str, *, name: str) -> dict[str, Any]:
    return {"type": 1, "content": {"json": markdown}, "name": name}


def _parameters() -> dict[str, Any]:
    time_range = {
        "id": str(uuid5(NAMESPACE_URL, _TIME_RANGE)),
        "version": "KqlParameterItem/1.0",
        "name": _TIME_RANGE,
        "label": "Time range",
        "type": 4,
        "isRequired": True,
        "value": _duration(_DEFAULT_RANGE),
        "typeSettings": {"selectableValues": [_duration(hours) for hours in _RANGES], "allowCustom": True},
    }
    content = {
        "version": "KqlParameterItem/1.0",
        "parameters": [time_range],
        "style": "pills",
        "queryType": 0,
        "resourceType": _RESOURCE_TYPE,
    }
    return {"type": 9, "content": content, "name": "parameters"}


def _duration(hours: int) -> dict[str, int]:
    return {"durationMs": hours * _HOUR_MS}


def _query(query: Query, *, chart: Chart | None, workspace_id: str) -> dict[str, Any]:
    content = {
        "version": "KqlItem/1.0",
        "query": literal(_in_time_range(query).text),
        "size": 0,
        "title": query.question,
        "timeContextFromParameter": _TIME_RANGE,
        "showExportToExcel": True,
        "queryType": 0,
        "resourceType": _RESOURCE_TYPE,
        "crossComponentResources": [workspace_id],
        **(_chart(chart) if chart else {"visualization": "table"}),
    }
    return {"type": 3, "content": content, "name": query.name}


def _in_time_range(query: Query) -> Query:
    """The parameter restricts the query from outside, and its grain is the width of a step.

    Steps of a day stay: their questions ask per day.
    """
    values = {"period": f"{max(_RANGES)}h"}
    if query.parameters.get("step", "1d") != "1d":
        values["step"] = f"{{{_TIME_RANGE}:grain}}"
    return query.with_values(**values)


def _chart(chart: Chart) -> dict[str, Any]:
    settings: dict[str, str | Sequence[str]] = {"xAxis": "TimeGenerated", "yAxis": [chart.y]}
    if chart.by:
        settings["group"] = chart.by
    return {"visualization": chart.kind, "chartSettings": settings}

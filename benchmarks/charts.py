"""Plots as SVG, the same bytes for the same numbers. Drawn by pygal (https://www.pygal.org)."""

import math
import re
from collections.abc import Mapping, Sequence

import pygal  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

_COLORS = {
    "direct": "#9e9e9e",
    "stock LiteLLM": "#ef6c00",
    "Portkey": "#7b1fa2",
    "gateway": "#2e7d32",
    "others": "#9e9e9e",
}
_OTHERS = ("#1565c0", "#c62828", "#00838f", "#6d4c41", "#f9a825", "#37474f", "#ad1457", "#558b2f", "#283593", "#9e9e9e")
# A program for a browser that may zoom, and the day of drawing: neither belongs into a picture in a repository.
_DROPPED = re.compile(r"<script.*?</script>|<!--.*?-->", re.DOTALL)

Series = Mapping[str, Sequence[float | None]]


def bars(title: str, *, labels: Sequence[str], series: Series, logarithmic: bool = False, digits: int = 1) -> str:
    """Groups of horizontal bars, one group per label, each with its value; None leaves a gap."""
    height = 120 + 20 * len(labels) * len(series)
    chart = pygal.HorizontalBar(
        **_look(f"{title} (logarithmic)" if logarithmic else title, series, height=height),
        logarithmic=logarithmic,
        print_values=True,
        print_values_position="top",
        formatter=lambda value: "" if value is None else f"{value:.{digits}f}",
    )
    if logarithmic:
        decades = _decades([value for values in series.values() for value in values if value])
        chart.y_labels = [{"value": decade, "label": f"{decade:g}"} for decade in decades]
        chart.zero = decades[0]
    # Horizontal bars grow from the bottom; a reader begins at the top.
    chart.x_labels = list(reversed(labels))
    for name, values in series.items():
        chart.add(name, list(reversed(values)))
    return _svg(chart)


def stacked(title: str, *, labels: Sequence[str], series: Series) -> str:
    """One horizontal bar per label, made of the series."""
    chart = pygal.HorizontalStackedBar(**_look(title, series, height=200 + 40 * len(labels)))
    chart.x_labels = list(reversed(labels))
    for name, values in series.items():
        chart.add(name, list(reversed(values)))
    return _svg(chart)


def curves(title: str, *, x_title: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Lines through points."""
    chart = pygal.XY(**_look(title, series, height=400), x_title=x_title, show_dots=False)
    for name, points in series.items():
        chart.add(name, list(points))
    return _svg(chart)


def _look(title: str, names: Mapping[str, object], *, height: int) -> dict[str, object]:
    others = iter(_OTHERS)
    style = Style(
        background="white",
        plot_background="white",
        font_family="sans-serif",
        label_font_size=12,
        legend_font_size=12,
        value_font_size=10,
        title_font_size=15,
        guide_stroke_color="#cccccc",
        major_guide_stroke_color="#cccccc",
        guide_stroke_dasharray="1,0",
        major_guide_stroke_dasharray="1,0",
        colors=tuple(_COLORS.get(name) or next(others) for name in names),
    )
    return {
        "title": title,
        "style": style,
        "width": 800,
        "height": height,
        "explicit_size": True,
        "legend_at_bottom": True,
        "truncate_legend": -1,
        "legend_at_bottom_columns": min(4, len(names)),
        "disable_xml_declaration": True,
        "js": [],
    }


def _decades(values: Sequence[float]) -> list[float]:
    """Of a logarithmic axis, from below the smallest value to above the largest."""
    powers = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
    return [10.0**power for power in powers]


def _svg(chart: pygal.Graph) -> str:
    chart.uuid = "plot"
    return _DROPPED.sub("", chart.render(is_unicode=True)) + "\n"

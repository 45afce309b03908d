"""Plots as SVG elements for the page, drawn by pygal (https://www.pygal.org)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

import pygal  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

from scripts.reporting.formats import short
from scripts.reporting.series import Plot

COLORS = 8
"""The page defines so many, as `--color-0` and so on."""
_WIDTH, _HEIGHT = 720, 250
_LABELS = 8
_LOOK = Style(
    background="transparent",
    plot_background="transparent",
    foreground="var(--text)",
    foreground_strong="var(--text)",
    foreground_subtle="var(--rule)",
    guide_stroke_color="var(--rule)",
    major_guide_stroke_color="var(--rule)",
    guide_stroke_dasharray="1,0",
    major_guide_stroke_dasharray="1,0",
    colors=tuple(f"var(--color-{number})" for number in range(COLORS)),
    font_family="inherit",
    label_font_size=13,
    major_label_font_size=13,
    opacity="1",
    opacity_hover="1",
    stroke_opacity="1",
    stroke_width="2",
    transition="0s",
)


def draw(plot: Plot, *, labels: Sequence[str]) -> Element:
    """The plot, without scripts: browsers show values as titles of shapes. Its id is made of its title."""
    kind = pygal.StackedBar if plot.shape == "bars" else pygal.Line
    chart = kind(
        style=_LOOK,
        width=_WIDTH,
        height=_HEIGHT,
        margin=12,
        spacing=4,
        show_legend=False,
        js=[],
        truncate_label=-1,
        x_labels_major_every=-(-len(labels) // _LABELS),
        show_minor_x_labels=False,
        value_formatter=lambda value: "" if value is None else short(value, plot.unit),
        allow_interruptions=True,
        max_scale=7,
        dots_size=2,
        include_x_axis=plot.unit != "percent",
    )
    chart.uuid = re.sub(r"\W+", "-", plot.title.lower())
    chart.x_labels = list(labels)
    for series in plot.series:
        chart.add(series.name, [None if value is None else round(value, 6) for value in series.values])
    picture: Element = chart.render_tree()
    _simplify(picture)
    picture.attrib |= {"role": "img", "aria-label": plot.title}
    return picture


def _simplify(element: Element) -> None:
    """Leave out what only a script needs, and turn the values for it into titles, which browsers show."""
    described = {child.get("class"): child.text for child in element if child.tag == "desc"}
    for child in list(element):
        if not isinstance(child.tag, str) or child.tag in {"script", "desc", "title"}:
            element.remove(child)
        else:
            _simplify(child)
    if "value" in described:
        title = Element("title")
        title.text = ": ".join(filter(None, (described.get("x_label"), described["value"])))
        element.insert(0, title)

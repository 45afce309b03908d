"""The report as one HTML page, which loads nothing.

It is built of elements, whose texts are escaped when they are written, and its policy forbids scripts: whatever a log
has, remains text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from scripts.reporting.charts import COLORS, draw
from scripts.reporting.formats import full, short
from scripts.reporting.log_lines import Log
from scripts.reporting.prices import Price
from scripts.reporting.series import Numbers, Plot, Summary

_STYLE = Path(__file__).with_name("page.css")
_MAX_ROWS = 100
"""Of a table of names. The settings never have so many; a file that is no log of ours may."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

Content = Element | str | None


@dataclass(frozen=True, kw_only=True)
class About:
    """What the report is of."""

    title: str
    source: str
    places: int
    """Of LiteLLM in a replica."""
    target: float
    """Of availability, in percent; 0 is none."""
    prices: Mapping[str, Price]


def write_page(about: About, *, log: Log, numbers: Numbers) -> str:
    """The page."""
    summary = numbers.summary()
    body = _tag(
        "body",
        *_head(about, log, numbers),
        _figures(summary, about.target),
        *_section("Traffic", numbers.traffic(about.target), numbers),
        *_section("Tokens and cost", numbers.usage_plots(), numbers),
        *_usage(numbers, summary, about.prices),
        *_section("Latency", numbers.latency(), numbers),
        _latency(numbers),
        *_section("Failures and limits", numbers.failures(), numbers),
        _tag("p", f"Circuit breakers opened: {full(summary.breakers_opened, 'count')}."),
        *_section("Translation by LiteLLM", numbers.translation(about.places), numbers),
        _tag("p", f"Requests for which there was no place in time: {full(summary.without_place, 'count')}."),
        *_origin(log, summary),
    )
    head = _tag(
        "head",
        _tag("meta", charset="utf-8"),
        _tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        _tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _tag("title", about.title),
        _tag("style", _STYLE.read_text(encoding="utf-8")),
    )
    page = _tag("html", head, body, lang="en")
    return f"<!DOCTYPE html>\n{ElementTree.tostring(page, encoding='unicode', method='html')}\n"


def _head(about: About, log: Log, numbers: Numbers) -> Iterator[Element]:
    period = numbers.period
    yield _tag("h1", about.title)
    yield _tag("p", f"{period.start:%Y-%m-%d %H:%M} to {period.end:%Y-%m-%d %H:%M} UTC. {about.source}", class_="muted")
    if log.cut:
        yield _tag("p", f"This report is incomplete: it has {log.cut}.", class_="notice")
    if not log.requests:
        yield _tag("p", "There are no requests in this period.", class_="notice")


def _figures(summary: Summary, target: float) -> Element:
    tokens = summary.tokens
    share = 100 * tokens.cached / tokens.input if tokens.input else None
    total = tokens.input + tokens.output
    estimated = f", {full(summary.estimated, 'count')} estimated" if summary.estimated else ""
    without = f"{len(summary.without_price)} without a price" if summary.without_price else "at the prices below"
    figures = (
        ("Requests", full(summary.requests, "count"), "with a valid key"),
        (
            "Availability",
            full(summary.availability, "percent"),
            f"target: {target:g} %" if target else "requests that did not fail",
        ),
        ("Tokens", short(total, "count"), f"input cached: {full(share, 'percent')}{estimated}"),
        ("Cost", full(summary.cost, "dollars"), without),
        ("Failovers", full(summary.failovers, "count"), f"{full(summary.rescued, 'count')} answered by another region"),
        ("First byte, p95", full(summary.first_byte_p95_s, "seconds"), "of answered requests"),
    )
    return _tag(
        "dl",
        *(_tag("div", _tag("dt", name), _tag("dd", value), _tag("dd", note)) for name, value, note in figures),
        class_="figures",
    )


def _section(title: str, plots: Iterable[Plot], numbers: Numbers) -> Iterator[Element]:
    yield _tag("h2", title)
    yield _tag("div", *(_plot(plot, numbers.period.labels) for plot in plots), class_="plots")


def _plot(plot: Plot, labels: Sequence[str]) -> Element:
    caption = _tag("figcaption", _tag("h3", plot.title), _tag("p", plot.about, class_="muted"))
    if plot.is_empty:
        return _tag("figure", caption, _tag("p", "None in this period.", class_="empty"))
    return _tag(
        "figure",
        caption,
        _tag("div", draw(plot, labels=labels), class_="picture"),
        _legend(plot),
        _tag("details", _tag("summary", "Table"), _table_of(plot, labels)),
    )


def _legend(plot: Plot) -> Element:
    return _tag(
        "ul",
        *(
            _tag(
                "li",
                _tag("span", class_=f"swatch color-{number % COLORS}"),
                f"{series.name}: ",
                _tag("b", full(series.whole, plot.unit)),
            )
            for number, series in enumerate(plot.series)
        ),
        class_="legend",
    )


def _table_of(plot: Plot, labels: Sequence[str]) -> Element:
    rows = [
        [label, *(full(series.values[step], plot.unit) for series in plot.series)] for step, label in enumerate(labels)
    ]
    return _table(
        ["UTC", *(series.name for series in plot.series)],
        rows,
        footer=[plot.whole, *(full(series.whole, plot.unit) for series in plot.series)],
        caption=plot.title,
    )


def _usage(numbers: Numbers, summary: Summary, prices: Mapping[str, Price]) -> Iterator[Element]:
    counts = [
        (usage.requests, usage.tokens.input, usage.tokens.cached, usage.tokens.output, usage.tokens.reasoning)
        for usage in numbers.usage
    ]
    rows = [
        [usage.project, usage.model, *(full(count, "count") for count in of_usage), full(usage.cost, "dollars")]
        for usage, of_usage in zip(numbers.usage, counts, strict=True)
    ]
    totals = [full(sum(column), "count") for column in zip(*counts, strict=True)]
    yield _table(
        ["project", "model", "requests", "input", "of it cached", "output", "of it reasoning", "cost"],
        rows,
        footer=["total", "", *totals, full(summary.cost, "dollars")] if rows else None,
        caption="Usage by project and model, in tokens and US dollars",
        texts=(0, 1),
    )
    if summary.estimated:
        share = full(100 * summary.estimated / (summary.tokens.input + summary.tokens.output), "percent")
        yield _tag(
            "p",
            f"{full(summary.estimated, 'count')} tokens ({share}) are estimated, at least in part: their answers ended "
            "before Azure reported the usage.",
        )
    if summary.without_price:
        names, more = summary.without_price[:_MAX_ROWS], len(summary.without_price) - _MAX_ROWS
        others = f" and {more} more" if more > 0 else ""
        yield _tag("p", f"Without a price, and not in the cost: {', '.join(names)}{others}.")
    used = {usage.model for usage in numbers.usage}
    yield _table(
        ["model", "input", "cached input", "output", "source"],
        [
            [name, *map(_per_million, (price.input, price.cached, price.output)), price.source]
            for name, price in prices.items()
            if name in used
        ],
        caption="Prices, in US dollars per million tokens. The bill is Azure's.",
        texts=(0, 4),
    )


def _per_million(dollars: float | None) -> str:
    return "-" if dollars is None else f"${dollars:g}"


def _latency(numbers: Numbers) -> Element:
    return _table(
        ["route", "model", "streamed", "requests", "first byte, p50", "p95", "last byte, p50", "p95"],
        [
            [
                row.route,
                row.model,
                "yes" if row.streamed else "no",
                full(row.requests, "count"),
                *(
                    full(seconds, "seconds")
                    for seconds in (row.first_byte_p50_s, row.first_byte_p95_s, row.p50_s, row.p95_s)
                ),
            ]
            for row in numbers.latency_table()
        ],
        caption="Answered requests by route and model",
        texts=(0, 1, 2),
    )


def _origin(log: Log, summary: Summary) -> Iterator[Element]:
    yield _tag("h2", "What was read")
    yield _tag(
        "p",
        f"{len(log.requests):,} requests, {len(log.events):,} events, {log.other_lines:,} lines of something else, "
        f"{log.unreadable_lines:,} unreadable lines. Requests without a valid key ({summary.unauthenticated:,} in the "
        "events) are in no other number of this report.",
    )
    if log.unreadable:
        yield _tag("ul", *(_tag("li", text) for text in log.unreadable))


def _table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    footer: Sequence[str] | None = None,
    caption: str,
    texts: Collection[int] = (0,),
) -> Element:
    """A table; all columns but `texts` are numbers."""

    def cell(tag: str, number: int, text: str, **attributes: str) -> Element:
        return _tag(tag, text, class_="text" if number in texts else "number", **attributes)

    def row(cells: Sequence[str]) -> Element:
        name, *others = cells
        return _tag(
            "tr",
            cell("th", 0, name, scope="row"),
            *(cell("td", number, text) for number, text in enumerate(others, start=1)),
        )

    columns = (cell("th", number, text, scope="col") for number, text in enumerate(header))
    cut = f" (the first {_MAX_ROWS} of {len(rows):,})" if len(rows) > _MAX_ROWS else ""
    return _tag(
        "div",
        _tag(
            "table",
            _tag("caption", f"{caption}{cut}"),
            _tag("thead", _tag("tr", *columns)),
            _tag("tbody", *map(row, rows[:_MAX_ROWS])),
            _tag("tfoot", row(footer)) if footer else None,
        ),
        class_="table",
    )


def _tag(name: str, /, *content: Content, **attributes: str) -> Element:
    """An element with texts and elements in it; `class_` and `http_equiv` are written without `_`, or with `-`."""
    element = Element(name, {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()})
    for part in content:
        if isinstance(part, str):
            if len(element):
                element[-1].tail = (element[-1].tail or "") + part
            else:
                element.text = (element.text or "") + part
        elif part is not None:
            element.append(part)
    return element

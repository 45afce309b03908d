"""The page: what it says, that it loads nothing, and that a log cannot put anything into it but text."""

import re
from html.parser import HTMLParser

import pytest

from scripts.reporting.log_lines import Log
from scripts.reporting.page import About, write_page
from scripts.reporting.periods import period_of
from scripts.reporting.series import Numbers
from tests.reporting.builders import PRICES, START, UNPRICED, attempt, event, line, log_of, tokens

EVIL = '</script></svg><img src=x onerror="alert(1)">&amp;'
_VOID = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """The elements of a page and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "title"}:
            self.text += f" {data}"


def page_of(log: Log) -> str:
    times = [request.time for request in log.requests] or [START]
    numbers = Numbers(log, period=period_of(min(times), max(times)), prices=PRICES)
    return write_page(
        About(title="AI gateway, dev", source="From a test.", places=100, target=99.5, prices=PRICES),
        log=log,
        numbers=numbers,
    )


def read(log: Log) -> Page:
    return Page(page_of(log))


@pytest.fixture
def log() -> Log:
    return log_of(
        line(0, tokens=tokens(1_000_000, 50_000, cached=600_000)),
        line(1, tokens=tokens(90, 10, estimated=True), attempts=[attempt("west", 429, "status"), attempt("east", 200)]),
        line(2, model=UNPRICED, tokens=tokens(11, 0)),
        line(3, status=503, attempts=[attempt("west", 502, "ClientError")]),
        "something else",
        "{",
        event("breaker_opened", 1),
    )


def test_the_headline_numbers_come_first(log: Log) -> None:
    text = " ".join(read(log).text.split())
    assert text.startswith("AI gateway, dev 2026-11-30 09:00 to 2026-11-30 09:03 UTC. From a test. Requests 4 ")
    for figure in (
        "Availability 75.00 % target: 99.5 %",
        "Tokens 1.05M",
        "Cost $1.60 1 without a price",
        "Failovers 1 1 answered by another region",
        "100 tokens (0.01 %) are estimated, at least in part",
        "Without a price, and not in the cost: gpt-5.4.",
        "gpt-5.3-codex $2 $0.5 $10 a test",
        "Circuit breakers opened: 1.",
        "4 requests, 1 events, 1 lines of something else, 1 unreadable lines.",
        "line 6: not valid JSON",
    ):
        assert figure in text, figure


def test_every_plot_has_a_table_with_its_numbers(log: Log) -> None:
    page = page_of(log)
    figures = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    assert len(figures) == 13
    for figure in figures:
        assert ("<svg" in figure) == ("<details>" in figure) == ("None in this period" not in figure)
    requests = next(figure for figure in figures if "<h3>Requests per" in figure)
    assert '<th class="text" scope="row">09:01:00</th><td class="number">1</td>' in requests
    assert '<th class="text" scope="row">total</th><td class="number">3</td>' in requests


def test_the_page_loads_nothing_and_runs_nothing(log: Log) -> None:
    html = page_of(log)
    page = Page(html)
    assert {"script", "img", "link", "iframe", "object", "base", "form", "a"}.isdisjoint(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in {"src", "href", "xlink:href"}]
    assert not re.search(r"@import|url\(", html)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_a_log_cannot_put_anything_into_the_page_but_text() -> None:
    hostile = [
        line(
            minute,
            project=EVIL,
            model=EVIL,
            route=EVIL,
            region=EVIL,
            error=error,
            tokens=tokens(5, 5),
            attempts=[attempt(EVIL, 429, EVIL), attempt("second", 200)],
        )
        for minute, error in enumerate((None, EVIL))
    ]
    broken = line().replace('"status": 200', f'"status": "{EVIL}"')
    harmless = re.compile(re.escape(EVIL[:40]))
    page = read(log_of(*hostile, broken))
    assert harmless.search(page.text)
    assert page.tags.count("svg") == 9
    assert {"script", "img"}.isdisjoint(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_a_period_without_requests_is_told() -> None:
    page = read(Log())
    assert "There are no requests in this period." in page.text
    assert "svg" not in page.tags
    assert "Availability - target" in " ".join(page.text.split())


def test_an_incomplete_report_says_so_at_its_top(log: Log) -> None:
    log.cut = "only the newest 5 of 9 lines"
    text = " ".join(read(log).text.split())
    assert text.index("This report is incomplete: it has only the newest 5 of 9 lines.") < text.index("Requests 4")


def test_the_same_lines_make_the_same_page(log: Log) -> None:
    assert page_of(log) == page_of(log)


def test_no_availability_is_drawn() -> None:
    html = page_of(log_of(line(0, status=503), line(1, status=503)))
    availability = next(figure for figure in html.split("<figure>") if "<h3>Availability</h3>" in figure)
    assert "<svg" in availability
    assert "0.00\N{NO-BREAK SPACE}%" in availability


def test_a_table_of_names_is_bounded() -> None:
    lines = [line(0, project=f"p{number}", model=f"m{number}", tokens=tokens(1, 1)) for number in range(500)]
    html = page_of(log_of(*lines))
    usage = html.partition("Usage by project and model")[2].partition("</table>")[0]
    assert usage.count("<tr>") == 1 + 100 + 1
    assert usage.startswith(", in tokens and US dollars (the first 100 of 500)<")
    assert ">500</td>" in usage.partition("<tfoot>")[2]
    assert "and 400 more." in html

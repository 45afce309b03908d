"""Lines of a log, by hand."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from scripts.reporting.log_lines import Log
from scripts.reporting.periods import period_of
from scripts.reporting.prices import Price
from scripts.reporting.series import Numbers, Plot, Series

START = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
CODEX, EMBEDDINGS, UNPRICED = "gpt-5.3-codex", "text-embedding-3-large", "gpt-5.4"
PRICES = {
    CODEX: Price(input=2.0, cached=0.5, output=10.0, source="a test"),
    EMBEDDINGS: Price(input=0.1, cached=None, output=None, source="a test"),
}


def attempt(upstream: str, status: int, reason: str | None = None) -> Mapping[str, object]:
    """A call of Azure, as a line has it."""
    return {"upstream": upstream, "status": status, **({"reason": reason} if reason else {}), "ms": 5.0}


def tokens(read: int, written: int, *, cached: int = 0, estimated: bool = False) -> Mapping[str, object]:
    """A line's tokens."""
    return {"input": read, "output": written, "cached": cached, "reasoning": 0, "estimated": estimated}


def line(minute: float = 0, /, **fields: object) -> str:
    """A request that ended so many minutes after the start, answered by the only region unless `fields` say more."""
    request = {
        "time": (START + timedelta(minutes=minute)).isoformat(timespec="milliseconds"),
        "request_id": f"r{minute}",
        "project": "team",
        "route": "responses",
        "model": CODEX,
        "stream": True,
        "status": 200,
        "ms": 2000.0,
        "first_byte_ms": 500.0,
        "tokens": None,
        "region": "first",
        "attempts": [attempt("first", 200)],
        "queued_ms": 0.0,
        "litellm_ms": None,
        "error": None,
    }
    return json.dumps(request | fields)


def event(name: str, minute: float = 0, **fields: object) -> str:
    """An operational event."""
    return json.dumps({"time": (START + timedelta(minutes=minute)).isoformat(), "event": name, **fields})


def log_of(*lines: str) -> Log:
    """What is read of these lines."""
    log = Log()
    for number, text in enumerate(lines, start=1):
        log.add(text, where=f"line {number}")
    return log


def numbers_of(*lines: str, minutes: int = 59) -> Numbers:
    """The numbers of so many minutes, in steps of one."""
    return Numbers(log_of(*lines), period=period_of(START, START + timedelta(minutes=minutes)), prices=PRICES)


def plot(plots: Sequence[Plot], title: str) -> dict[str, Series]:
    """The series by name of the plot whose title begins so."""
    (found,) = [plot for plot in plots if plot.title.startswith(title)]
    return {series.name: series for series in found.series}


def wholes(series: Mapping[str, Series]) -> dict[str, float | None]:
    """The numbers of the whole period, by name, without those that are zero."""
    return {name: each.whole for name, each in series.items() if each.whole}

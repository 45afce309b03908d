"""Writes a report of the gateway's traffic as one HTML page: `report.py --env dev --days 7`, or `--log FILE`.

Exit codes: 0, 1 when Azure could not be asked, 2 for a mistake in arguments or a file, 130 after Ctrl-C.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from scripts.azure.login import log_in
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.settings import settings_of
from scripts.reporting import simulated_day
from scripts.reporting.log_analytics import read_workspace
from scripts.reporting.log_lines import Log, read_stream
from scripts.reporting.page import About, write_page
from scripts.reporting.periods import Period, period_of
from scripts.reporting.prices import prices_of
from scripts.reporting.series import Numbers
from scripts.setup.paths import STATE

MAX_LINES = 200_000
"""Of files, which are kept in memory."""
_MAX_DAYS = 730
_STDIN = "-"


def main() -> None:
    """Read the lines, compute, write the page."""
    arguments = parse(sys.argv[1:])
    settings = settings_of(arguments.env or "dev")
    lines, title = Log(), f"AI gateway, {settings.env}"
    if arguments.log:
        read_files(lines, arguments.log)
        source, period = f"From {', '.join(arguments.log)}.", None
    elif arguments.simulated_day:
        for number, line in enumerate(simulated_day.lines(), start=1):
            lines.add(line, where=f"line {number}")
        source, period = "Invented traffic, to show what a report looks like. Nothing of it was measured.", None
        title = "AI gateway, a simulated day"
    else:
        read_workspace(lines, log_in(settings), settings, days=arguments.days)
        source = f"From Log Analytics, {settings.workspace_name_and_group[0]}."
        now = datetime.now(UTC)
        period = period_of(now - timedelta(days=arguments.days), now)
    for text in lines.unreadable:
        log(text)
    prices = prices_of(settings)
    numbers = Numbers(lines, period=period or period_of_lines(lines), prices=prices)
    about = About(
        title=title,
        source=source,
        places=settings.limits.parallel_translations,
        target=settings.observability.alerts.availability_percent,
        prices=prices,
    )
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(write_page(about, log=lines, numbers=numbers), encoding="utf-8")
    print(arguments.output)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="report.py",
        description="Writes a report of the gateway's traffic as one HTML page, from Log Analytics or from log files.",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--log", nargs="+", metavar="FILE", help=f"log files of the gateway; {_STDIN} is stdin")
    source.add_argument(
        "--simulated-day", action="store_true", help="show what a report looks like, with invented lines"
    )
    parser.add_argument(
        "--env", metavar="NAME", help="environment whose workspace is asked, and whose prices count (for files: dev)"
    )
    parser.add_argument("--days", type=_days, metavar="N", help="ask for the last N days (default: 7)")
    parser.add_argument(
        "--output",
        type=Path,
        default=STATE / "report.html",
        metavar="FILE",
        help="the page (default: .local/report.html)",
    )
    arguments = parser.parse_args(words)
    is_asked = not (arguments.log or arguments.simulated_day)
    if is_asked and arguments.env is None:
        parser.error("name an environment (--env dev), or log files (--log FILE)")
    if not is_asked and arguments.days is not None:
        parser.error("--days is for Log Analytics: a file is read from its beginning to its end")
    arguments.days = arguments.days or 7
    return arguments


def read_files(lines: Log, names: Sequence[str], *, max_lines: int = MAX_LINES) -> None:
    """Add the lines of the files; `ScriptError` if one of them has none of the gateway."""
    for name in names:
        before = lines.lines + lines.unreadable_lines
        if name == _STDIN:
            read_stream(lines, sys.stdin.buffer, name="stdin", max_lines=max_lines)
        else:
            with Path(name).open("rb") as stream:
                read_stream(lines, stream, name=name, max_lines=max_lines)
        if lines.lines + lines.unreadable_lines == before and not lines.cut:
            raise ScriptError(
                f"{'stdin' if name == _STDIN else name}: has no line of the gateway's log (docs/log.md), which is one "
                "JSON object per line.",
                code=2,
            )


def period_of_lines(lines: Log) -> Period:
    """From the first line to the last; `ScriptError` if there is none."""
    times = [request.time for request in lines.requests] + [event.time for event in lines.events]
    if not times:
        raise ScriptError("None of these lines can be read.", code=2)
    return period_of(min(times), max(times))


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= _MAX_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {_MAX_DAYS}")
    return int(text)

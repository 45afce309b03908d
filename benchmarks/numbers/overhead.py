"""Milliseconds and requests per second of four servers."""

import statistics
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from benchmarks import charts
from benchmarks.figures import Ratio
from benchmarks.report import Numbers, Section, table
from benchmarks.targets import DIRECT, GATEWAY, LITELLM, PORTKEY

SERVERS = (DIRECT, LITELLM, PORTKEY, GATEWAY)

Rounds = dict[str, list[float]]
"""By server, a value of each round."""


class Row(BaseModel):
    """Milliseconds of one kind of request, or of the first byte of its answer."""

    name: str
    p50: Rounds
    p95: Rounds


class OverheadNumbers(Numbers):
    """By kind of request; `per_second` with ten in flight."""

    rounds: int
    requests: int
    latency: list[Row]
    per_second: dict[str, Rounds]

    def section(self) -> Section:
        """Three tables, two plots."""
        p50 = {row.name: row.p50 for row in self.latency}
        p95 = {row.name: row.p95 for row in self.latency}
        header = ("", *SERVERS, "to LiteLLM", "to Portkey")
        return Section(
            lines=[
                f"{self.rounds} rounds of {self.requests}. One at a time, p50 in milliseconds and the gateway's ratio:",
                "",
                *table(header, list(_rows(p50, digits=2))),
                "",
                "The same, p95:",
                "",
                *table(header, list(_rows(p95, digits=2))),
                "",
                "Ten in flight, requests per second; more is better:",
                "",
                *table(header, list(_rows(self.per_second, digits=0))),
            ],
            charts={
                "overhead": _chart("p50 in milliseconds, less is better", p50, digits=1),
                "throughput": _chart("Requests per second, ten in flight; more is better", self.per_second, digits=0),
            },
            summary="\n".join(
                f"overhead: {name}, {_ratio(rounds, LITELLM)} of stock LiteLLM, {_ratio(rounds, PORTKEY)} of Portkey"
                for name, rounds in p50.items()
            ),
        )


def _rows(rounds: Mapping[str, Rounds], *, digits: int) -> Iterator[tuple[str, ...]]:
    for name, servers in rounds.items():
        middles = {server: f"{statistics.median(values):.{digits}f}" for server, values in servers.items()}
        cells = (middles.get(server, "-") for server in SERVERS)
        yield (name, *cells, *(_ratio(servers, opponent) for opponent in (LITELLM, PORTKEY)))


def _ratio(servers: Rounds, opponent: str) -> str:
    return str(Ratio.of_pairs(servers[GATEWAY], servers[opponent])) if opponent in servers else "-"


def _chart(title: str, rounds: Mapping[str, Rounds], *, digits: int) -> str:
    return charts.bars(
        title,
        labels=list(rounds),
        series={
            server: [statistics.median(servers[server]) if server in servers else None for servers in rounds.values()]
            for server in SERVERS
        },
        logarithmic=True,
        digits=digits,
    )

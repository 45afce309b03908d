"""What clients saw while a region was down."""

import statistics
from collections.abc import Callable, Sequence

from pydantic import BaseModel

from benchmarks import charts
from benchmarks.figures import spread
from benchmarks.report import Numbers, Section, table
from benchmarks.targets import GATEWAY, LITELLM

_SERVERS = (LITELLM, GATEWAY)


class Outage(BaseModel):
    """What the clients of one server saw while the first region failed.

    `seconds`: from the first request after the failure to the first good answer, of the kind of request that waited
    longest for one; None: a kind had none. `slow`: good answers that took longer than half the time limit.
    """

    seconds: float | None
    requests: int
    failed: int
    slow: int


class FailoverNumbers(Numbers):
    """By fault and server, an outage of each round. `limit_s`: what either server gives a region to answer."""

    limit_s: float
    outages: dict[str, dict[str, list[Outage]]]

    def section(self) -> Section:
        """A table, two plots."""
        columns: dict[str, Callable[[Sequence[Outage]], str]] = {
            "next answer, s": _next_answer,
            "failed": _failed,
            f"slower than {self.limit_s / 2:g} s": _slow,
        }
        rows = [
            (fault, *(cell(servers[server]) for cell in columns.values() for server in _SERVERS))
            for fault, servers in self.outages.items()
        ]
        return Section(
            lines=[
                f"{self._rounds} outages of each kind; median (lowest-highest), and requests of all.",
                "",
                *table(("", *(f"{what}: {server}" for what in columns for server in _SERVERS)), rows),
            ],
            charts={
                "failover": charts.bars(
                    "Seconds from a region's failure to the next good answer",
                    labels=list(self.outages),
                    series=self._by_server(_median),
                    logarithmic=True,
                    digits=3,
                ),
                "failover-failed": charts.bars(
                    "Percent of the requests that failed while one of three regions was down",
                    labels=list(self.outages),
                    series=self._by_server(_percent),
                ),
            },
            summary="\n".join(
                f"failover: {fault}, next answer after {_next_answer(of[GATEWAY])} s, {_failed(of[GATEWAY])} failed; "
                f"stock LiteLLM {_next_answer(of[LITELLM])} s, {_failed(of[LITELLM])} failed"
                for fault, of in self.outages.items()
            ),
        )

    @property
    def _rounds(self) -> int:
        return max(len(outages) for servers in self.outages.values() for outages in servers.values())

    def _by_server(self, value: Callable[[Sequence[Outage]], float | None]) -> dict[str, list[float | None]]:
        return {server: [value(servers[server]) for servers in self.outages.values()] for server in _SERVERS}


def _found(outages: Sequence[Outage]) -> list[float]:
    return [outage.seconds for outage in outages if outage.seconds is not None]


def _next_answer(outages: Sequence[Outage]) -> str:
    found = _found(outages)
    without = len(outages) - len(found)
    return f"none in {without} of {len(outages)}" if without else spread(found, digits=3)


def _median(outages: Sequence[Outage]) -> float | None:
    found = _found(outages)
    return statistics.median(found) if found else None


def _failed(outages: Sequence[Outage]) -> str:
    return f"{sum(outage.failed for outage in outages)} of {sum(outage.requests for outage in outages)}"


def _percent(outages: Sequence[Outage]) -> float:
    return 100 * sum(outage.failed for outage in outages) / max(1, sum(outage.requests for outage in outages))


def _slow(outages: Sequence[Outage]) -> str:
    return str(sum(outage.slow for outage in outages))

"""How late text was, and what clients that leave cost the next one."""

import statistics
from collections.abc import Callable, Sequence

from pydantic import BaseModel

from benchmarks import charts
from benchmarks.figures import spread
from benchmarks.report import Numbers, Section, table
from benchmarks.targets import GATEWAY, LITELLM

_SERVERS = (LITELLM, GATEWAY)


class Load(BaseModel):
    """Chats at once: how late their text was, when the last of them ended, and LiteLLM's processor time for all."""

    failed: int
    late_p50_ms: float
    late_p95_ms: float
    longest_s: float
    cpu_s: float


class Leaving(BaseModel):
    """Clients that all left after their first text.

    `all_left_s`: until the last had it. `cpu_s`: LiteLLM's processor time afterwards. `next_s`: a chat's whole time.
    """

    clients: int
    failed: int
    all_left_s: float
    cpu_s: float
    next_s: float
    memory_mb: float


class SessionsNumbers(Numbers):
    """By server and number of chats, a load of each round; `seconds` is the time in which the model sends the text."""

    per_second: int
    seconds: int
    loads: dict[str, dict[int, list[Load]]]
    quiet_s: float
    leaving: list[Leaving]

    def section(self) -> Section:
        """Two tables, a plot."""
        columns: dict[str, Callable[[Sequence[Load]], str]] = {
            "late p50, ms": lambda loads: spread([load.late_p50_ms for load in loads], digits=0),
            "late p95, ms": lambda loads: spread([load.late_p95_ms for load in loads], digits=0),
            f"longest, of {self.seconds} s": lambda loads: spread([load.longest_s for load in loads]),
            "failed": lambda loads: str(sum(load.failed for load in loads)),
            "LiteLLM's CPU, s": lambda loads: spread([load.cpu_s for load in loads]),
        }
        intro = (
            f"{self.per_second} events a second for {self.seconds} s. Rounds: {self._rounds}; median (lowest-highest)."
        )
        return Section(
            lines=[
                intro,
                "",
                *table(
                    ("chats", "server", *columns),
                    [
                        (str(count), server, *(cell(self.loads[server][count]) for cell in columns.values()))
                        for count in self._counts
                        for server in _SERVERS
                    ],
                ),
                "",
                f"{self.leaving[0].clients} clients leave after their first text; {self.quiet_s:g} s later one comes:",
                "",
                *table(
                    ("", "measured"),
                    [
                        ("until the last left, s", spread([left.all_left_s for left in self.leaving])),
                        ("LiteLLM's CPU after that, s", spread([left.cpu_s for left in self.leaving], digits=2)),
                        ("the next chat, s", spread([left.next_s for left in self.leaving], digits=2)),
                        ("LiteLLM's memory, MB", spread([left.memory_mb for left in self.leaving], digits=0)),
                        ("failed", str(sum(left.failed for left in self.leaving))),
                    ],
                ),
            ],
            charts={
                "sessions": charts.bars(
                    "Milliseconds that text is late, p95",
                    labels=[f"{count} chats" for count in self._counts],
                    series={
                        server: [
                            statistics.median(load.late_p95_ms for load in self.loads[server][count])
                            for count in self._counts
                        ]
                        for server in _SERVERS
                    },
                    logarithmic=True,
                    digits=0,
                )
            },
            summary="\n".join(
                f"sessions: {count} chats, {'; '.join(self._told(server, count) for server in _SERVERS)}"
                for count in self._counts
            )
            + f"\nsessions: next chat after {self.leaving[0].clients} that left: "
            f"{spread([left.next_s for left in self.leaving], digits=2)} s",
        )

    @property
    def _counts(self) -> list[int]:
        return list(self.loads[GATEWAY])

    @property
    def _rounds(self) -> int:
        return max(len(loads) for loads in self.loads[GATEWAY].values())

    def _told(self, server: str, count: int) -> str:
        loads = self.loads[server][count]
        late = spread([load.late_p95_ms for load in loads], digits=0)
        longest = spread([load.longest_s for load in loads])
        return f"{server}: {late} ms late (p95), {longest} s, {sum(load.failed for load in loads)} failed"

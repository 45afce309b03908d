"""How long the synthesis of all stacks takes, against a plain CDKTF app of the same resources."""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.numbers.synth import SynthNumbers
from benchmarks.report import Bench
from benchmarks.stacks import synthesize

OURS = ("main.py",)
PLAIN = ("-m", "benchmarks.plain_app.main")
_KINDS = ("data", "resource")
_NAMED = ("output", "variable")


def measure(bench: Bench) -> SynthNumbers:
    """Run both in turn, after one run each that fills the caches (byte code, jsii's packages)."""
    with tempfile.TemporaryDirectory() as folder:
        bench.progress("Warming up: the plain app, then main.py")
        plain_stacks, stacks = Path(folder, "plain"), Path(folder, "ours")
        synthesize(PLAIN, outdir=plain_stacks)
        synthesize(OURS, outdir=stacks)
        counts = check_same(stacks, plain_stacks)
        ours: list[float] = []
        plain: list[float] = []
        for number in range(1, bench.rounds + 1):
            plain.append(round(synthesize(PLAIN, outdir=plain_stacks), 3))
            ours.append(round(synthesize(OURS, outdir=stacks), 3))
            bench.progress(f"Round {number} of {bench.rounds}: plain {plain[-1]:.1f} s, main.py {ours[-1]:.1f} s")
    elements = sum(sum(stack.values()) for stack in counts.values())
    return SynthNumbers(stacks=len(counts), elements=elements, ours=ours, plain=plain)


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

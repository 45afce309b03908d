"""The command line: reads or draws mutants, runs them, prints the rates."""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tests.mutation
from tests.mutation import mutants
from tests.mutation.mutants import FOLDERS, Mutant
from tests.mutation.run import Runner

ROOT = Path(__file__).parents[2]
MAP = Path(__file__).with_name("tests.toml")
Row = dict[str, Any]


def main() -> int:
    """0 when each mutant was killed, 1 when one was not, 2 when the arguments are wrong."""
    parser = argparse.ArgumentParser("python -m tests.mutation", description=tests.mutation.__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--sample", type=int, metavar="N", help="draw N mutants")
    source.add_argument("--list", type=Path, metavar="FILE", help="take the mutants of an earlier output")
    parser.add_argument("--seed", type=int, default=0, help="for --sample: the same seed draws the same mutants")
    parser.add_argument("--renames", type=Path, metavar="FILE", help='for --list: JSON, {"old": "new"}')
    parser.add_argument("--clone", type=Path, metavar="FOLDER", help="where to work (default: a new temporary clone)")
    parser.add_argument("--tests", type=Path, metavar="FILE", default=MAP, help="which tests to run")
    parser.add_argument("--limit-s", type=float, metavar="N", default=600, help="time limit (default: %(default)s s)")
    parser.add_argument("--output", type=Path, metavar="FILE", required=True, help="the results, as JSON")
    options = parser.parse_args()
    clone = (options.clone or Path(tempfile.mkdtemp(prefix="mutants-"), "clone")).resolve()
    if not clone.exists():
        _git("clone", "--quiet", ROOT, clone)
    if clone == ROOT or _git("-C", clone, "status", "--porcelain"):
        parser.error("--clone must be another clone than this one, without changes")
    if options.list:
        rows = json.loads(options.list.read_text(encoding="utf-8"))
        chosen = [Mutant(**{name: row[name] for name in Mutant.__dataclass_fields__}) for row in rows]
    else:
        chosen = mutants.sample(clone, size=options.sample, seed=options.seed)
    renames = json.loads(options.renames.read_text(encoding="utf-8")) if options.renames else {}
    tests_of = tomllib.loads(options.tests.read_text(encoding="utf-8"))
    runner = Runner(clone, tests_of, limit_s=options.limit_s)
    return _report(_run(chosen, runner, renames=renames, output=options.output))


def _run(chosen: Iterable[Mutant], runner: Runner, *, renames: dict[str, str], output: Path) -> list[Row]:
    """A row for each mutant; those in the output already are not run again. No result: `killed` is `None`."""
    rows: list[Row] = json.loads(output.read_text(encoding="utf-8")) if output.exists() else []
    done = {row["id"] for row in rows}
    statements = mutants.statements(runner.clone, [*FOLDERS, "local"])
    for mutant in (mutant for mutant in chosen if mutant.id not in done):
        moved, statement = mutants.find(mutant, statements, renames)
        row = {**asdict(moved), "killed": None, "seconds": 0.0}
        if statement:
            row |= {"file": statement.file, "line": statement.line, **runner.run(moved, statement)}
            result = {True: "killed", False: "SURVIVED", None: "FAILS WITHOUT IT, TOO"}[row["killed"]]
        else:
            result = f"NOT FOUND, most similar: {mutants.most_similar(moved.original, statements)}"
        rows.append(row)
        output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        change = f"{row['original']} => {row['mutated']}"
        sys.stdout.write(f"{row['id']} {row['file']}:{row['line']} {change}: {result} ({row['seconds']:.0f} s)\n")
        sys.stdout.flush()
    return rows


def _report(rows: list[Row]) -> int:
    for folder in FOLDERS:
        outcomes = [row["killed"] for row in rows if row["file"].startswith(f"{folder}/")]
        unknown = outcomes.count(None)
        sys.stdout.write(
            f"{folder}: {outcomes.count(True)} of {len(outcomes) - unknown} killed, {unknown} without a result\n"
        )
    return 0 if all(row["killed"] for row in rows) else 1


def _git(*words: str | Path) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout  # noqa: S607


if __name__ == "__main__":
    sys.exit(main())

"""Looks for weaknesses in the synthesized stacks with checkov, offline; exceptions: scripts/scanning/exceptions.yaml.

Exit codes: 0 when nothing is found that has no written reason, 1 otherwise, 2 for a mistake, 130 after Ctrl-C.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(tools=["checkov"])

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from rich.table import Table

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.terminal import console
from scripts.scanning import exceptions
from scripts.scanning.findings import Finding, scan
from scripts.terraform import stacks


def main() -> None:
    """Scan, and show what has no reason."""
    arguments = parse(sys.argv[1:])
    if arguments.out is None:
        stacks.synthesize()
    folders = {stack.env: stack.folder for stack in stacks.load_all(arguments.out)}
    if not folders:
        raise ScriptError(f"There is no stack in {arguments.out}.", code=2)
    # One by one: together, checkov would take a resource of one stack for a part of another.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda env: scan(folders[env] / "cdk.tf.json", env=env), folders)
        findings = [finding for findings in found for finding in findings]
    listed = exceptions.load(exceptions.FILE.read_text(encoding="utf-8"))
    open_ones, idle = exceptions.apply(listed, findings)
    show(open_ones)
    for it in idle:
        log(f"{exceptions.FILE.name}: {it.check} on {it.resources} excuses nothing any more; take it out.")
    excused = len(findings) - len(open_ones)
    log(f"{', '.join(folders)}: {len(open_ones)} findings without a reason, {excused} with one.")
    sys.exit(1 if open_ones or idle else 0)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="scan.py", description="Looks for weaknesses in the stacks with checkov.")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="a folder like cdktf.out, to scan as it is (default: synthesize first)"
    )
    return parser.parse_args(words)


def show(findings: Sequence[Finding]) -> None:
    """A table of them, unless there are none."""

    if not findings:
        return
    table = Table("environment", "check", "resource", "what it wants")
    for finding in findings:
        table.add_row(finding.env, finding.check, finding.address, finding.wants)
    console().print(table)

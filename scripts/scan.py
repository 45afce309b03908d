"""Scans the synthesized stacks with checkov, offline; exemptions: scripts/scanning/exemptions.yaml.

Exit codes: 0 when exemptions cover every finding, 1 otherwise, 2 for wrong arguments or settings, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="scan.py", description="Scans the synthesized stacks with checkov.")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="scan this folder, such as cdktf.out (default: synthesize first)"
    )
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(first=parse, tools=["checkov"])

from collections.abc import Sequence

from rich.table import Table

from scripts.cli.log import log
from scripts.cli.terminal import console
from scripts.scanning import exemptions
from scripts.scanning.findings import Finding, scan
from scripts.terraform import stacks


def main() -> None:
    """Scan, and print the findings that no exemption covers."""
    arguments = parse(sys.argv[1:])
    if arguments.out is None:
        stacks.synthesize()
    scanned = stacks.load_all(arguments.out)
    findings = scan({stack.env: stack.folder / "cdk.tf.json" for stack in scanned})
    listed = exemptions.load(exemptions.FILE.read_text(encoding="utf-8"))
    addresses = {address for stack in scanned for address in stack.addresses}
    uncovered, unused = exemptions.apply(listed, findings, addresses=addresses)
    show(uncovered)
    for it in unused:
        log(f"{exemptions.FILE.name}: {it.check} on {it.resources} covers no finding any more; remove it.")
    covered = len(findings) - len(uncovered)
    envs = ", ".join(stack.env for stack in scanned)
    log(f"{envs}: {len(uncovered)} findings, and {covered} that an exemption covers.")
    sys.exit(1 if uncovered or unused else 0)


def show(findings: Sequence[Finding]) -> None:
    """A table of them, unless there are none."""
    if not findings:
        return
    table = Table("environment", "check", "resource", "requirement")
    for finding in findings:
        table.add_row(finding.env, finding.check, finding.address, finding.requirement)
    console().print(table)

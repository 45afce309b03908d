"""Compares what `python main.py` writes with what the pinned `cdktf synth` writes, byte for byte; a stack is gone."""

from __future__ import annotations

import tempfile
from pathlib import Path

from scripts.cli.error_handling import ScriptError
from scripts.cli.processes import Processes
from scripts.setup.install import program


def compare(processes: Processes) -> None:
    """`ScriptError` with what differs."""
    python = program("python")
    with tempfile.TemporaryDirectory() as folder:
        main, cdktf = Path(folder, "main"), Path(folder, "cdktf")
        gone = Path(cdktf, "stacks/aigateway-gone/cdk.tf.json")
        gone.parent.mkdir(parents=True)
        gone.write_text("{}", encoding="utf-8")
        processes.run([python, "main.py"], env={"CDKTF_OUTDIR": str(main)})
        processes.run([python, "scripts/cdktf.py", "synth", "--output", cdktf], env={"CDKTF_OUTDIR": str(cdktf)})
        first, other = contents(main), contents(cdktf)
    if not first:
        raise ScriptError("python main.py wrote nothing")
    if found := differences(first, other):
        raise ScriptError("\n".join(f"cdktf synth: {file} {difference}" for file, difference in found))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def differences(first: dict[str, bytes], other: dict[str, bytes]) -> list[tuple[str, str]]:
    """The files that are not the same in both, and their difference."""
    found = []
    for file in sorted({*first, *other}):
        if file not in other:
            found.append((file, "is missing"))
        elif file not in first:
            found.append((file, "is one file more"))
        elif first[file] != other[file]:
            found.append((file, "differs"))
    return found

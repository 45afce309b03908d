"""Compares what `python main.py` writes with what the pinned `cdktf synth` writes, and with itself: byte for byte."""

from __future__ import annotations

import tempfile
from pathlib import Path

from scripts.cli.error_handling import ScriptError
from scripts.cli.processes import Processes
from scripts.setup.install import program


def same(work: Processes) -> None:
    """`ScriptError` with what differs."""
    python = program("python")
    written = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in {
            "python main.py": ["main.py"],
            "python main.py, again": ["main.py"],
            "cdktf synth": ["scripts/cdktf.py", "synth", "--output", str(Path(folder, "cdktf synth"))],
        }.items():
            out = Path(folder, name)
            work.run([python, *arguments], env={"CDKTF_OUTDIR": str(out)})
            written[name] = contents(out)
    first = written.pop("python main.py")
    if not first:
        raise ScriptError("python main.py wrote nothing")
    found = [f"{name}: {file} {what}" for name, other in written.items() for file, what in compare(first, other)]
    if found:
        raise ScriptError("\n".join(found))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def compare(first: dict[str, bytes], other: dict[str, bytes]) -> list[tuple[str, str]]:
    """The files that are not the same in both, and how."""
    told = []
    for file in sorted({*first, *other}):
        if file not in other:
            told.append((file, "is missing"))
        elif file not in first:
            told.append((file, "is there as well"))
        elif first[file] != other[file]:
            told.append((file, "differs"))
    return told

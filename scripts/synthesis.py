"""Compares what `python main.py` writes with what the pinned `cdktf synth` writes, and with itself: byte for byte."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from scripts.install import program
from scripts.work import ROOT


def differences() -> list[str]:
    """What is wrong, one line each; nothing when all three are the same."""
    python = program("python")
    written = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, command in {
            "python main.py": [python, "main.py"],
            "python main.py, again": [python, "main.py"],
            "cdktf synth": [python, "scripts/cdktf.py", "synth", "--output", Path(folder, "cdktf synth")],
        }.items():
            out = Path(folder, name)
            ran = subprocess.run(
                [str(word) for word in command],
                cwd=ROOT,
                env={**os.environ, "CDKTF_OUTDIR": str(out)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            if ran.returncode:
                return [f"{name} ended with exit code {ran.returncode}:\n{ran.stdout}"]
            written[name] = contents(out)
    first = written.pop("python main.py")
    if not first:
        return ["python main.py wrote nothing"]
    return [f"{name}: {file} {what}" for name, other in written.items() for file, what in compare(first, other)]


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

"""Installs locked packages, every file checked against its hash. Standard library only.

uv does in seconds what takes pip a minute; pip brings uv, and does the work itself where uv cannot, or where pip was
told an index of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.cli.error_handling import ScriptError
from scripts.cli.processes import Processes
from scripts.setup import stamp
from scripts.setup.paths import ROOT
from scripts.setup.requirements import only

VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"


def program(name: str, *, environment: Path = VENV) -> Path:
    """A program of an environment."""
    return environment / "Scripts" / f"{name}.exe" if os.name == "nt" else environment / "bin" / name


def create(work: Processes, requirements: str) -> None:
    """Make `.venv` anew, with pip and, if pip takes its packages from where uv does, the locked uv."""
    _remove(VENV)
    # Not from within itself, should this be the environment's own Python.
    work.run([getattr(sys, "_base_executable", sys.executable), "-m", "venv", VENV])
    listed = work.run([program("python"), "-m", "pip", "config", "list"])
    if not names_an_index(listed):
        with _file(only(requirements, "uv")) as path:
            _pip(work, VENV, path)


def image(work: Processes, folder: Path, requirements: str) -> None:
    """Make the environment that stands for LiteLLM's image anew."""
    _remove(folder)
    work.run([program("python"), "-m", "venv", "--without-pip", folder])
    packages(work, folder, requirements)


def tool(work: Processes, folder: Path, requirements: str, shim: str) -> None:
    """Make the environment of a tool anew; `shim`, if any, is its program."""
    image(work, folder, requirements)
    if shim:
        path = program(folder.name, environment=folder)
        path.write_text(f"{first_lines(program('python', environment=folder), '-I')}{shim}", encoding="utf-8")
        path.chmod(0o755)
        stamp.put(folder, lock=f"{requirements}{shim}")


def first_lines(python: str | Path, flags: str) -> str:
    """How a program begins that runs in this Python: a `#!` of its own would end its path at the first space.

    The second line is a command to `sh` and the beginning of a text to Python.
    """
    return f"#!/bin/sh\n'''exec' {shlex.quote(str(python))} {flags} \"$0\" \"$@\"\n'''\n"


def packages(work: Processes, folder: Path, requirements: str) -> None:
    """Install all of them, and put the stamp."""
    python, uv = program("python", environment=folder), program("uv")
    with _file(requirements) as path:
        try:
            work.run([uv, "pip", "install", "--python", python, "--require-hashes", "--no-deps", "-r", path])
        except (ScriptError, FileNotFoundError):
            # What stops uv may not stop pip: a proxy, or a certificate that pip was told of.
            _pip(work, folder, path)
    stamp.put(folder, lock=requirements)


def node_modules(work: Processes, lock: str) -> None:
    """Install what package-lock.json says, with the Node and npm of `.venv`; no package's script is run."""
    try:
        work.run([program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
    except ScriptError as failure:
        raise ScriptError(
            f"npm could not install the cdktf CLI. Its last lines:\n\n{failure}\n\n"
            "Check the network and `npm config list`; then run the same command again."
        ) from None
    stamp.put(NODE_MODULES, lock=lock)


def names_an_index(pip_config: str) -> bool:
    """Whether `pip config list` tells pip where to look instead of the public index."""
    return re.search(r"^[^=]*\.(index-url|no-index)=", pip_config, re.MULTILINE) is not None


def _pip(work: Processes, folder: Path, path: Path) -> None:
    python = program("python", environment=folder)
    options = ["--quiet", "--require-hashes", "--no-deps", "--no-compile", "--disable-pip-version-check"]
    try:
        work.run([program("python"), "-m", "pip", "--python", python, "install", *options, "-r", path])
    except ScriptError as failure:
        raise ScriptError(
            f"pip could not install what {folder.name} needs. Its last lines:\n\n{failure}\n\n"
            "Check the network and `pip config list`; then run the same command again."
        ) from None


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(str(folder))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ScriptError(f"Cannot replace {folder}: {error}\nIs something running in it?") from None


@contextlib.contextmanager
def _file(text: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "requirements.txt")
        path.write_text(text, encoding="utf-8")
        yield path

"""Installs locked packages, every file checked against its hash. Standard library only.

uv does in seconds what takes pip a minute; pip installs uv, and does all of it where uv cannot, or where pip is
configured with a package index of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.cli.error_handling import ScriptError
from scripts.cli.processes import Processes
from scripts.setup import fingerprint
from scripts.setup.paths import ROOT
from scripts.setup.requirements import requirement

VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"


def program(name: str, *, venv: Path = VENV) -> Path:
    """A program of an environment."""
    return venv / "Scripts" / f"{name}.exe" if os.name == "nt" else venv / "bin" / name


def create_venv(processes: Processes, requirements: str) -> None:
    """Make `.venv` anew, with pip and, unless pip has a package index of its own, the locked uv."""
    _remove(VENV)
    # Not from within itself, should this be the environment's own Python.
    processes.run([getattr(sys, "_base_executable", sys.executable), "-m", "venv", VENV])
    listed = processes.run([program("python"), "-m", "pip", "config", "list"])
    if not names_an_index(listed):
        with _temporary_file(requirement(requirements, "uv")) as path:
            _pip_install(processes, VENV, path)


def create_environment(processes: Processes, folder: Path, requirements: str) -> None:
    """Make an environment anew, without pip, such as the one that stands for LiteLLM's image."""
    _remove(folder)
    processes.run([program("python"), "-m", "venv", "--without-pip", folder])
    install_packages(processes, folder, {fingerprint.NAME: requirements})


def create_tool(processes: Processes, folder: Path, requirements: str, shim: str) -> None:
    """Make the environment of a tool anew; `shim`, if any, is its program."""
    create_environment(processes, folder, requirements)
    if shim:
        path = program(folder.name, venv=folder)
        path.write_text(f"{shebang(program('python', venv=folder), '-I')}{shim}", encoding="utf-8")
        path.chmod(0o755)
        fingerprint.write(folder, lock=f"{requirements}{shim}")


def shebang(python: str | Path, flags: str) -> str:
    """The first lines of a program for this Python; in a plain `#!` line its path would end at the first space.

    The second line is a command to `sh` and the beginning of a text to Python.
    """
    return f"#!/bin/sh\n'''exec' {shlex.quote(str(python))} {flags} \"$0\" \"$@\"\n'''\n"


def install_packages(processes: Processes, folder: Path, wanted: Mapping[str, str]) -> None:
    """Install requirements by the name of their fingerprint; the last ones include the others."""
    python, uv = program("python", venv=folder), program("uv")
    with _temporary_file([*wanted.values()][-1]) as path:
        try:
            processes.run([uv, "pip", "install", "--python", python, "--require-hashes", "--no-deps", "-r", path])
        except (ScriptError, FileNotFoundError):
            # What stops uv may not stop pip: a proxy, or a certificate that pip is configured with.
            _pip_install(processes, folder, path)
    for name, requirements in wanted.items():
        fingerprint.write(folder, lock=requirements, name=name)


def install_node_modules(processes: Processes, what: str, *, lock: Path, folder: Path) -> None:
    """Install what a package-lock.json says, with the Node and npm of `.venv`; no package's script is run."""
    if folder != lock.parent:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", lock.name):
            shutil.copy(lock.with_name(name), folder)
    try:
        processes.run([program("npm"), "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"])
    except ScriptError as failure:
        raise ScriptError(
            f"npm could not install {what}. Its last lines:\n\n{failure}\n\n"
            "Check the network and `npm config list`; then run the same command again."
        ) from None
    fingerprint.write(folder / "node_modules", lock=lock.read_text(encoding="utf-8"))


def names_an_index(pip_config: str) -> bool:
    """Whether `pip config list` replaces the public package index."""
    return re.search(r"^[^=]*\.(index-url|no-index)=", pip_config, re.MULTILINE) is not None


def _pip_install(processes: Processes, folder: Path, path: Path) -> None:
    python = program("python", venv=folder)
    options = ["--quiet", "--require-hashes", "--no-deps", "--no-compile", "--disable-pip-version-check"]
    try:
        processes.run([program("python"), "-m", "pip", "--python", python, "install", *options, "-r", path])
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
        raise ScriptError(f"Cannot replace {folder}: {error}\nIs a program in it running?") from None


@contextlib.contextmanager
def _temporary_file(text: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "requirements.txt")
        path.write_text(text, encoding="utf-8")
        yield path

"""What this repository runs in: `.venv`, LiteLLM's environment, tools, `node_modules`; made when missing or stale.

Standard library only, and readable to an old Python, which it refuses.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from scripts.cli.error_handling import ScriptError
from scripts.cli.file_lock import file_lock
from scripts.cli.log import log
from scripts.cli.processes import Processes, exec_program, run_in_parallel
from scripts.setup import install, stamp
from scripts.setup.install import NODE_MODULES, VENV, program
from scripts.setup.paths import ROOT
from scripts.setup.requirements import from_pipfile_lock, image_locks, tool_locks, versions_in

IMAGES = ROOT / ".image"
LOCKS = ROOT / "local" / "image"
TOOLS = ROOT / ".tools"
TOOL_LOCKS = ROOT / "local" / "tools"
OLDEST_PYTHON = (3, 11)
_PROGRAMS = {"azure-cli": "az"}


def prepare(*, litellm: Collection[str] = (), tools: Collection[str] = (), node: bool = False) -> None:
    """Make what is missing or stale, with LiteLLM in these versions and these tools; done in no time when nothing is.

    `ScriptError` says what to do.
    """
    check_python(sys.version_info[:3])
    with file_lock(ROOT / ".setup.lock", if_taken="Another setup of this folder is running; waiting for it."):
        _prepare(litellm=litellm, tools=tools, node=node)


def tool(name: str) -> Path:
    """A tool's program, in the environment of its own that `prepare` makes."""
    return program(_PROGRAMS.get(name, name), environment=TOOLS / name)


def _prepare(*, litellm: Collection[str], tools: Collection[str], node: bool) -> None:
    packages = from_pipfile_lock((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))
    jobs: dict[str, Callable[[Processes], object]] = {}
    if not _is_made(VENV, packages):
        log("Setting up. The first time takes about a minute, and longer where downloads are slow.")
        run_in_parallel({"A virtual environment in .venv": partial(install.create, requirements=packages)})
        jobs["Python packages"] = partial(install.packages, folder=VENV, requirements=packages)
    for version, lock in image_locks(LOCKS).items():
        folder, text = IMAGES / f"litellm-{version}", lock.read_text(encoding="utf-8")
        if version in litellm and not _is_made(folder, text):
            jobs[f"LiteLLM {version}"] = partial(install.image, folder=folder, requirements=text)
    for name in tools:
        folder, text, shim = TOOLS / name, *_tool(name)
        if not _is_made(folder, f"{text}{shim}"):
            jobs[name] = partial(install.tool, folder=folder, requirements=text, shim=shim)
    if jobs:
        run_in_parallel(jobs)
    lock_of_node = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    if node and not stamp.fits(NODE_MODULES, lock=lock_of_node):
        run_in_parallel({"The cdktf CLI": partial(install.node_modules, lock=lock_of_node)})


def enter(*, tools: Collection[str] = (), node: bool = False) -> None:
    """Prepare, then go on in `.venv`'s Python, with the same arguments, unless this is it."""
    prepare(tools=tools, node=node)
    if Path(sys.prefix).resolve() != VENV.resolve():
        exec_program([program("python"), *sys.argv])


def in_settings() -> set[str]:
    """LiteLLM's versions that the settings name; read as text, before there is a pydantic to read them with.

    One that is overridden is among them, which costs a minute; none is missing.
    """
    files = [ROOT / "settings" / "image.py", *(ROOT / "settings" / "environments").glob("*.toml")]
    variables = [value for name, value in os.environ.items() if name.upper().startswith("AIGATEWAY_")]
    return versions_in("\n".join([*(file.read_text(encoding="utf-8", errors="replace") for file in files), *variables]))


def check_python(version: tuple[int, ...]) -> None:
    """`ScriptError` unless this Python is new enough and can make virtual environments."""
    if version < OLDEST_PYTHON:
        raise ScriptError(
            f"Python 3.11 or newer is needed, and this is {'.'.join(map(str, version))} ({sys.executable}).\n"
            f"Start the script with a newer one, for example: python3.13 {sys.argv[0]}"
        )
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        raise ScriptError(
            f"{sys.executable} cannot make virtual environments: its module venv or ensurepip is missing.\n"
            "On Debian and Ubuntu: sudo apt install python3-venv"
        )


def _tool(name: str) -> tuple[str, str]:
    """Its packages, and the program that it has from us if they bring none."""
    shim = TOOL_LOCKS / f"{name}.py"
    packages = tool_locks(TOOL_LOCKS)[name].read_text(encoding="utf-8")
    return packages, shim.read_text(encoding="utf-8") if shim.is_file() else ""


def _is_made(folder: Path, lock: str) -> bool:
    return program("python", environment=folder).exists() and stamp.fits(folder, lock=lock)

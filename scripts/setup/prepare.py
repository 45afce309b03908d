"""The installed environments: `.venv`, LiteLLM's, one per tool, `node_modules`; installed when missing or outdated.

Standard library only, and readable to an old Python, which it refuses.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.cli.error_handling import ScriptError
from scripts.cli.file_lock import file_lock
from scripts.cli.log import log
from scripts.cli.processes import Processes, exec_program, run_in_parallel
from scripts.setup import fingerprint, install
from scripts.setup.install import VENV, program
from scripts.setup.paths import ROOT
from scripts.setup.requirements import from_pipfile_lock, image_locks, tool_locks

if TYPE_CHECKING:
    Jobs = dict[str, Callable[[Processes], object]]

IMAGES = ROOT / ".image"
LOCKS = ROOT / "local" / "image"
TOOLS = ROOT / ".tools"
TOOL_LOCKS = ROOT / "local" / "tools"
CLIENTS = TOOLS / "clients"
CLIENTS_LOCK = ROOT / "tests" / "clients" / "package-lock.json"
PARSER = TOOLS / "kql-parser"
PARSER_LOCK = ROOT / "tests" / "queries" / "package-lock.json"
OLDEST_PYTHON = (3, 11)
DEVELOPMENT = f"{fingerprint.NAME}-development"
_PROGRAMS = {"azure-cli": "az"}


def prepare(
    *,
    development: bool = False,
    litellm: Collection[str] = (),
    tools: Collection[str] = (),
    node: bool = False,
    clients: bool = False,
    parser: bool = False,
) -> None:
    """Install what is missing or outdated: the packages that every script needs, and what the arguments name.

    `development` are the packages of tests and linters, `litellm` versions of LiteLLM, `node` is the cdktf CLI,
    `clients` are the coding clients of tests/clients, `parser` is that of tests/queries.
    `ScriptError` says what to do.
    """
    check_python(sys.version_info[:3])
    with file_lock(ROOT / ".setup.lock", if_taken="Another setup of this folder is running; waiting for it."):
        packages, others = _venv(development=development), {**_images(litellm), **_tools(tools)}
        npm = {
            **(_node_modules("the cdktf CLI", lock=ROOT / "package-lock.json", folder=ROOT) if node else {}),
            **(_node_modules("the coding clients", lock=CLIENTS_LOCK, folder=CLIENTS) if clients else {}),
            **(_node_modules("the parser of the queries", lock=PARSER_LOCK, folder=PARSER) if parser else {}),
        }
        # npm is one of the packages.
        for jobs in ({**packages, **others}, npm) if packages else ({**others, **npm},):
            if jobs:
                run_in_parallel(jobs)


def enter(
    *, development: bool = False, litellm: Collection[str] = (), tools: Collection[str] = (), node: bool = False
) -> None:
    """Prepare, then start the script again with `.venv`'s Python, unless this is it."""
    prepare(development=development, litellm=litellm, tools=tools, node=node)
    if not _is_running():
        exec_program([program("python"), *sys.argv])


def tool(name: str) -> Path:
    """A tool's program, in the environment of its own that `prepare` makes."""
    return program(_PROGRAMS.get(name, name), venv=TOOLS / name)


def check_python(version: tuple[int, ...]) -> None:
    """`ScriptError` unless this Python is new enough and can make virtual environments."""
    if version < OLDEST_PYTHON:
        raise ScriptError(
            f"Python 3.11 or newer is needed; this is {'.'.join(map(str, version))} ({sys.executable}).\n"
            f"Start the script with a newer one, for example: python3.13 {sys.argv[0]}"
        )
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        raise ScriptError(
            f"{sys.executable} cannot make virtual environments: its module venv or ensurepip is missing.\n"
            "On Debian and Ubuntu: sudo apt install python3-venv"
        )


def _venv(*, development: bool) -> Jobs:
    """Make `.venv` if need be; what is left to do in it."""
    lock = (ROOT / "Pipfile.lock").read_text(encoding="utf-8")
    requirements = from_pipfile_lock(lock)
    wanted = {fingerprint.NAME: requirements}
    if development:
        wanted[DEVELOPMENT] = from_pipfile_lock(lock, development=True)
    if all(_is_complete(VENV, text, name=name) for name, text in wanted.items()):
        return {}
    if not _is_complete(VENV, requirements) and not _is_running():
        log("Installing. The first time takes about a minute, longer where downloads are slow.")
        run_in_parallel({"A virtual environment in .venv": partial(install.create_venv, requirements=requirements)})
    return {"Python packages": partial(install.install_packages, folder=VENV, wanted=wanted)}


def _images(versions: Collection[str]) -> Jobs:
    jobs: Jobs = {}
    for version, lock in image_locks(LOCKS).items():
        folder, text = IMAGES / f"litellm-{version}", lock.read_text(encoding="utf-8")
        if version in versions and not _is_complete(folder, text):
            jobs[f"LiteLLM {version}"] = partial(install.create_environment, folder=folder, requirements=text)
    return jobs


def _tools(names: Collection[str]) -> Jobs:
    jobs: Jobs = {}
    for name in names:
        shim = TOOL_LOCKS / f"{name}.py"
        program_text = shim.read_text(encoding="utf-8") if shim.is_file() else ""
        folder, text = TOOLS / name, tool_locks(TOOL_LOCKS)[name].read_text(encoding="utf-8")
        if not _is_complete(folder, f"{text}{program_text}"):
            jobs[name] = partial(install.create_tool, folder=folder, requirements=text, shim=program_text)
    return jobs


def _node_modules(what: str, *, lock: Path, folder: Path) -> Jobs:
    if fingerprint.matches(folder / "node_modules", lock=lock.read_text(encoding="utf-8")):
        return {}
    install_them = partial(install.install_node_modules, what=what, lock=lock, folder=folder)
    return {f"{what[0].upper()}{what[1:]}": install_them}


def _is_complete(folder: Path, lock: str, *, name: str = fingerprint.NAME) -> bool:
    return program("python", venv=folder).exists() and fingerprint.matches(folder, lock=lock, name=name)


def _is_running() -> bool:
    """Whether this process is `.venv`'s Python, which cannot be replaced then."""
    return Path(sys.prefix).resolve() == VENV.resolve()

"""Renews every lock of dependencies, within what Pipfile, package.json, the names in local/image/ and *.in allow.

That of Terraform's provider needs the Terraform of `.terraform-version` on PATH, and Terraform's registry.

The locks name no package index: each machine uses its own, and the hashes verify the files.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
import json
import os
import shutil
import tempfile
from functools import partial

from scripts.cli.processes import Processes, run_in_parallel
from scripts.setup.install import program
from scripts.setup.paths import ROOT
from scripts.setup.prepare import CLIENTS_LOCK, LOCKS, PARSER_LOCK, TOOL_LOCKS
from scripts.setup.requirements import image_locks
from scripts.terraform import provider_lock
from scripts.terraform.stacks import load_all, synthesize

NODE_LOCKS = (ROOT / "package-lock.json", ROOT / "benchmarks" / "package-lock.json", CLIENTS_LOCK, PARSER_LOCK)
COOL_DOWN_DAYS = 7  # most malicious releases are found and removed before; pipenv has no such option


def main() -> None:
    """Renew all of them."""
    parse(sys.argv[1:])
    locks = image_locks(LOCKS)
    images = {f"LiteLLM {version}": partial(image, version=version, path=path) for version, path in locks.items()}
    npm = {str(path.relative_to(ROOT)): partial(node, folder=path.parent) for path in NODE_LOCKS}
    tools = {path.stem: partial(tool, wanted=path) for path in sorted(TOOL_LOCKS.glob("*.in"))}
    run_in_parallel({"Pipfile.lock": pipfile, provider_lock.NAME: provider, **npm, **images, **tools})


def parse(words: list[str]) -> argparse.Namespace:
    """There are no options; any argument ends with exit code 2."""
    return argparse.ArgumentParser(prog="lock.py", description="Renews every lock of dependencies.").parse_args(words)


def pipfile(processes: Processes) -> None:
    """By pipenv, in a temporary folder, because it creates an environment."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "Pipfile", folder)
        os.environ.update(PIPENV_PIPFILE=str(Path(folder, "Pipfile")), PIPENV_VENV_IN_PROJECT="1", PIPENV_NOSPIN="1")
        os.environ.update(PIPENV_IGNORE_VIRTUALENVS="1")
        processes.run([program("uv"), "tool", "run", "pipenv", "lock", "--python", program("python")])
        lock = json.loads(Path(folder, "Pipfile.lock").read_text(encoding="utf-8"))
    lock["_meta"]["sources"] = []
    for package in [*lock["default"].values(), *lock["develop"].values()]:
        package.pop("index", None)
    (ROOT / "Pipfile.lock").write_text(json.dumps(lock, indent=4, sort_keys=True) + "\n", encoding="utf-8")


def provider(processes: Processes) -> None:
    """By Terraform, for the version that the stacks require."""
    synthesize()
    provider_lock.renew(processes, providers=load_all()[0].find("terraform", "required_providers"))


def node(processes: Processes, *, folder: Path) -> None:
    """By npm, without the addresses of packages."""
    options = ["--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved"]
    options += [f"--min-release-age={COOL_DOWN_DAYS}"]
    processes.run([program("npm"), "install", "--prefix", folder, *options])


def image(processes: Processes, *, version: str, path: Path) -> None:
    """The packages of a version of LiteLLM."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "requirements.in")
        wanted.write_text(f"litellm[proxy]=={version}\n", encoding="utf-8")
        # Without a cool-down: the image has these packages, however new they are.
        _compile(processes, wanted, path)


def tool(processes: Processes, *, wanted: Path) -> None:
    """The packages of a tool, whose `.in` has its version."""
    _compile(processes, wanted, wanted.with_suffix(".txt"), f"--exclude-newer={COOL_DOWN_DAYS} days")


def _compile(processes: Processes, wanted: Path, path: Path, *more: str) -> None:
    """By uv, for every platform and every Python from 3.11 on."""
    options = ["--universal", "--python-version=3.11", "--generate-hashes", "--upgrade"]
    options += ["--no-header", "--no-annotate", "--no-emit-index-url"]
    processes.run([program("uv"), "pip", "compile", *options, *more, wanted, "--output-file", path])

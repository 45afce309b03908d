"""Renews the locks within what Pipfile, package.json and the file names in local/image/ allow.

The locks name no package index: every machine asks its own, and the hashes say whether it got the right files.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from scripts.environment import prepare  # noqa: E402
from scripts.install import program  # noqa: E402
from scripts.requirements import image_locks  # noqa: E402
from scripts.work import ROOT, Work, manners, together  # noqa: E402


def main() -> None:
    """Renew all of them."""
    with manners():
        prepare()
        locks = image_locks(ROOT / "local" / "image")
        images = {f"LiteLLM {version}": partial(image, version=version, path=path) for version, path in locks.items()}
        together({"Pipfile.lock": pipfile, "package-lock.json": node, **images})


def pipfile(work: Work) -> None:
    """By pipenv, in a folder where it may make the environment that it insists on."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "Pipfile", folder)
        os.environ.update(PIPENV_PIPFILE=str(Path(folder, "Pipfile")), PIPENV_VENV_IN_PROJECT="1", PIPENV_NOSPIN="1")
        os.environ.update(PIPENV_IGNORE_VIRTUALENVS="1")
        work.run([program("uv"), "tool", "run", "pipenv", "lock", "--python", program("python")])
        lock = json.loads(Path(folder, "Pipfile.lock").read_text(encoding="utf-8"))
    lock["_meta"]["sources"] = []
    for package in [*lock["default"].values(), *lock["develop"].values()]:
        package.pop("index", None)
    (ROOT / "Pipfile.lock").write_text(json.dumps(lock, indent=4, sort_keys=True) + "\n", encoding="utf-8")


def node(work: Work) -> None:
    """By npm, without the addresses that it would note."""
    options = ["--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved"]
    work.run([program("npm"), "install", *options])


def image(work: Work, *, version: str, path: Path) -> None:
    """By uv, for every platform and every Python from 3.11 on."""
    options = ["--universal", "--python-version=3.11", "--generate-hashes", "--upgrade"]
    options += ["--no-header", "--no-annotate", "--no-emit-index-url"]
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "requirements.in")
        wanted.write_text(f"litellm[proxy]=={version}\n", encoding="utf-8")
        work.run([program("uv"), "pip", "compile", *options, wanted, "--output-file", path])


if __name__ == "__main__":
    main()

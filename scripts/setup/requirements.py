"""Lock files as pip and uv read them. Standard library only."""

from __future__ import annotations

import json
import re
from pathlib import Path

_IMAGE = re.compile(r":[\w.-]*?(\d+\.\d+\.\d+)[\w.-]*@sha256:[0-9a-f]{64}")


def from_pipfile_lock(text: str, *, development: bool = False) -> str:
    """The packages of `Pipfile.lock`, pinned, with the hashes of all their files; on request those for development."""
    lock = json.loads(text)
    packages = {**(lock["develop"] if development else {}), **lock["default"]}
    return "".join(_line(name, packages[name]) for name in sorted(packages))


def requirement(requirements: str, name: str) -> str:
    """The one of that name."""
    for entry in requirements.replace("\\\n", "").splitlines():
        if entry.startswith(f"{name}=="):
            return f"{entry}\n"
    raise KeyError(name)


def _line(name: str, package: dict[str, object]) -> str:
    hashes = package["hashes"]
    if not isinstance(hashes, list):
        raise TypeError(f"{name} has no list of hashes in Pipfile.lock")
    markers = f" ; {package['markers']}" if "markers" in package else ""
    return f"{name}{package['version']}{markers}" + "".join(f" \\\n    --hash={value}" for value in hashes) + "\n"


def image_locks(folder: Path) -> dict[str, Path]:
    """LiteLLM's locks by version: `litellm-1.103.2.txt`."""
    return {path.stem[len("litellm-") :]: path for path in sorted(folder.glob("litellm-*.txt"))}


def tool_locks(folder: Path) -> dict[str, Path]:
    """The locks of the tools by name: `checkov.txt`."""
    return {path.stem: path for path in sorted(folder.glob("*.txt"))}


def versions_in(text: str) -> set[str]:
    """LiteLLM's versions that a text names as images, pinned by digest."""
    return set(_IMAGE.findall(text))

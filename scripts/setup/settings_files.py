"""What is read of the settings as text, before there is a pydantic to read them with. Standard library only."""

from __future__ import annotations

import os
from pathlib import Path

from scripts.cli.error_handling import ScriptError
from scripts.setup.paths import ROOT
from scripts.setup.requirements import versions_in

FOLDER = ROOT / "settings" / "environments"


def litellm_versions() -> set[str]:
    """LiteLLM's versions that the settings name.

    A version that is overridden is among them, which costs a minute; none is missing.
    """
    files = [ROOT / "settings" / "image.py", *environment_files()]
    variables = [value for name, value in os.environ.items() if name.upper().startswith("AIGATEWAY_")]
    return versions_in("\n".join([*(file.read_text(encoding="utf-8", errors="replace") for file in files), *variables]))


def environment_files(folder: Path = FOLDER) -> list[Path]:
    """The environments' files, by name; `ScriptError` names what looks like one and is none."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".toml")
    for path in found:
        if path.suffix != ".toml":
            raise ScriptError(f"{path}: the name must end in .toml, in lower case.", code=2)
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "a link to a file that does not exist"
            raise ScriptError(f"{path}: must be a file, and is {kind}.", code=2)
    return found

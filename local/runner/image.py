"""The Python environment that replaces the container image: LiteLLM of the same version, from its own lock."""

import os
import re
from pathlib import Path

from local.runner.errors import RunnerError

ROOT = Path(__file__).parents[2]
_VERSION = re.compile(r":v?(?P<version>\d+\.\d+\.\d+)[^@/]*@")


def find_image(image: str, *, root: Path = ROOT) -> Path:
    """Return the folder of the image's programs (`python`, `litellm`).

    Raises:
        RunnerError: the version has no lock here, or its environment has not been made.
    """
    match = _VERSION.search(image)
    version = match["version"] if match else image
    programs = root / ".image" / f"litellm-{version}" / ("Scripts" if os.name == "nt" else "bin")
    if programs.is_dir():
        return programs
    locks = sorted(lock.stem for lock in (root / "local/image").glob("litellm-*.txt"))
    if f"litellm-{version}" in locks:
        raise RunnerError(f"{programs.parent} is missing. `python3 scripts/up.py` installs it.")
    raise RunnerError(
        f"The settings name LiteLLM {version}, but local/image has locks for {', '.join(locks)} only. "
        "`python3 scripts/upgrade.py TAG` adds one."
    )

"""The Python environment that replaces the container image: LiteLLM of the same version, from its own lock."""

import os
from pathlib import Path

from local.runner.errors import RunnerError
from settings.image import version_text

ROOT = Path(__file__).parents[2]


def find_image(image: str, *, root: Path = ROOT) -> Path:
    """Return the folder of the image's programs (`python`, `litellm`).

    Raises:
        RunnerError: the version has no lock here, or its environment has not been made.
    """
    version = version_text(image) or image
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

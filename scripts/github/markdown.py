"""Text that GitHub shows as it is, whatever is in it."""

from __future__ import annotations

import os
from pathlib import Path


def cell(text: str) -> str:
    """Within a table's cell."""
    return text.replace("|", "\\|").replace("\n", " ")


def code(text: str) -> str:
    """The same, letter by letter: no markup, no mention of anybody."""
    return f"`{cell(text).replace('`', chr(0x2B9))}`"


def warning(text: str) -> list[str]:
    """GitHub's box with a warning."""
    return ["> [!WARNING]", f"> {text}"]


def block(text: str) -> list[str]:
    """Several lines, letter by letter."""
    return ["````text", text.replace("````", "'''"), "````"]


def add_to_summary(text: str) -> None:
    """Append it to the page of the workflow's run, when a workflow runs us."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

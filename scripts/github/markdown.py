"""Markdown for GitHub in which no text is markup or a mention by accident."""

from __future__ import annotations

import os
from pathlib import Path


def cell(text: str) -> str:
    """For a table cell."""
    return text.replace("|", "\\|").replace("\n", " ")


def code(text: str) -> str:
    """Inline code, for a table cell, too."""
    return f"`{cell(text).replace('`', chr(0x2B9))}`"


def warning(text: str) -> list[str]:
    """GitHub's alert box."""
    return ["> [!WARNING]", f"> {text}"]


def block(text: str) -> list[str]:
    """A code block."""
    return ["````text", text.replace("````", "'''"), "````"]


def add_to_summary(text: str) -> None:
    """Append it to the job summary, in a workflow."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

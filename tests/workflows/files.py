"""The workflows as YAML says them: every value a string."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github"


def load(path: Path) -> dict[str, Any]:
    """One file; without YAML's own ideas, which make `on` a truth value."""
    text = path.read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - strings
    return content


WORKFLOWS = {path.stem: load(path) for path in sorted((FOLDER / "workflows").glob("*.yml"))}


@dataclass(frozen=True)
class Step:
    """A step, and where it stands."""

    workflow: str
    job: str
    content: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.workflow}.{self.job}.{self.content.get('name', '?')}"


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every job, with the names of its workflow and itself."""
    for workflow, content in WORKFLOWS.items():
        for name, job in content["jobs"].items():
            yield workflow, name, job


def steps() -> Iterator[Step]:
    """Every step."""
    for workflow, name, job in jobs():
        yield from (Step(workflow, name, step) for step in job["steps"])

"""The workflows, with every YAML value as a string."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github"


def load(path: Path) -> dict[str, Any]:
    """One file; the base loader does not make a boolean of `on`."""
    text = path.read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - strings
    return content


_NAMED = re.compile(r"\bvars\.(\w+)")
_OF_MATRIX = re.compile(r"\bvars\[format\('(\w+_)\{0\}', matrix\.environment\)\]")


def variables(content: object, *, envs: Iterable[str]) -> set[str]:
    """GitHub's variables that it reads; in a matrix those of each environment, whose name may be in any case.

    https://docs.github.com/actions/reference/workflows-and-actions/variables#naming-conventions-for-configuration-variables
    """
    text = str(content)
    named, of_matrix = _NAMED.findall(text), _OF_MATRIX.findall(text.replace("\\'", "'"))
    assert len(named) + len(of_matrix) == len(re.findall(r"\bvars\b", text)), f"a variable in another form: {text}"
    return {*named, *(f"{prefix}{env.upper()}" for prefix in of_matrix for env in envs)}


WORKFLOWS = {path.stem: load(path) for path in sorted((FOLDER / "workflows").glob("*.yml"))}


@dataclass(frozen=True)
class Job:
    """A job, and its workflow."""

    workflow: str
    name: str
    content: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.workflow}.{self.name}"

    @property
    def steps(self) -> list["Step"]:
        """In their order."""
        return [Step(self, step) for step in self.content["steps"]]

    @property
    def environment(self) -> str | None:
        """GitHub's environment that it belongs to."""
        return self.content.get("environment")

    @property
    def permissions(self) -> set[str]:
        """What its token may write."""
        return {name for name, access in self.content["permissions"].items() if access == "write"}


@dataclass(frozen=True)
class Step:
    """A step, and its job."""

    job: Job
    content: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.job}.{self.content.get('name', '?')}"

    @property
    def run(self) -> str:
        """Its command, if it has one."""
        return str(self.content.get("run", ""))

    @property
    def action(self) -> str:
        """Its action without the version, if it has one."""
        return str(self.content.get("uses", "")).partition("@")[0]

    @property
    def env(self) -> dict[str, str]:
        """Its variables."""
        return dict(self.content.get("env", {}))

    def calls(self, script: str) -> bool:
        """Whether it runs this script."""
        return f"scripts/{script}.py" in self.run


def jobs() -> Iterator[Job]:
    """Those of all workflows."""
    for workflow, content in WORKFLOWS.items():
        yield from (Job(workflow, name, job) for name, job in content["jobs"].items())


def steps() -> Iterator[Step]:
    """Those of all jobs."""
    for job in jobs():
        yield from job.steps

"""What the pipeline's identities are called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scripts.cli.error_handling import ScriptError
from scripts.terraform.stacks import Stack
from settings.naming import COMPANY


@dataclass(frozen=True)
class Names:
    """The two of a project."""

    project: str

    @property
    def plan(self) -> str:
        """The identity that reads."""
        return f"{COMPANY}-{self.project}-plan"

    @property
    def deploy(self) -> str:
        """The identity that writes."""
        return f"{COMPANY}-{self.project}-deploy"


def names_of(stacks: Iterable[Stack]) -> Names:
    """All environments share the identities, so they must agree about the project."""
    projects = sorted({stack.project for stack in stacks})
    if len(projects) != 1:
        raise ScriptError(
            f"The environments have several projects ({', '.join(projects)}); one `projname`, please.", code=2
        )
    return Names(projects[0])

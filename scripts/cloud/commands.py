"""The command lines `az` and `gh`: what is asked runs always, what changes something does not in a dry run.

A secret is never one of the words, which every process on the machine can read: it goes through stdin.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import Any, Literal

from scripts.work import Failed, say

_AZURE_CODE = re.compile(r"\((\w+)\)|^Code: (\w+)$", re.MULTILINE)
_GITHUB_CODE = re.compile(r"\(?HTTP (\d{3})\)?")
_INSTALL = {
    "az": "Install the Azure CLI: https://learn.microsoft.com/cli/azure/install-azure-cli",
    "gh": "Install the GitHub CLI: https://cli.github.com",
}


class CommandFailed(Failed):
    """`reason` is Azure's code, such as ResourceNotFound, or GitHub's status, such as 404; empty when neither tells."""

    def __init__(self, command: str, message: str, *, reason: str) -> None:
        super().__init__(f"{command}\n{message}")
        self.command = command
        self.message = message
        self.reason = reason


@dataclass
class CommandLine:
    """One of the two programs. `changes` are the commands that changed something, or would have."""

    program: Literal["az", "gh"]
    dry_run: bool = False
    changes: list[str] = field(default_factory=list)

    @property
    def is_installed(self) -> bool:
        """Whether it is on PATH."""
        return shutil.which(self.program) is not None

    def ask(self, *words: str) -> Any:
        """What a reading command answers, parsed when it is JSON; a dry run shows the command and runs it, too."""
        if self.dry_run:
            say(f"  runs: {self._shown(words)}")
        return self._run(words)

    def find(self, *words: str, missing: frozenset[str] = frozenset({"ResourceNotFound", "404"})) -> Any:
        """The same, or None when the reason of a failure is one of `missing`."""
        try:
            return self.ask(*words)
        except CommandFailed as failure:
            if failure.reason in missing:
                return None
            raise

    def change(self, *words: str, stdin: str | None = None) -> Any:
        """What a changing command answers; in a dry run it is only shown, and the answer is None."""
        self.changes.append(self._shown(words))
        if self.dry_run:
            say(f"  would run: {self._shown(words)}")
            return None
        return self._run(words, stdin=stdin)

    def _shown(self, words: tuple[str, ...]) -> str:
        return shlex.join([self.program, *words])

    def _run(self, words: tuple[str, ...], *, stdin: str | None = None) -> Any:
        path = shutil.which(self.program)
        if path is None:
            raise Failed(f"{self.program} is not on PATH. {_INSTALL[self.program]}")
        machine = ["--output", "json", "--only-show-errors"] if self.program == "az" else []
        ran = subprocess.run(
            [path, *words, *machine],
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, "AZURE_CORE_NO_COLOR": "1", "GH_PROMPT_DISABLED": "1", "NO_COLOR": "1"},
            check=False,
        )
        if ran.returncode:
            message = ran.stderr.strip() or ran.stdout.strip()
            found = (_AZURE_CODE if self.program == "az" else _GITHUB_CODE).search(message)
            reason = next(filter(None, found.groups()), "") if found else ""
            raise CommandFailed(self._shown(words), message, reason=reason)
        try:
            return json.loads(ran.stdout) if ran.stdout.strip() else None
        except ValueError:
            return ran.stdout

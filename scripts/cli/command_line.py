"""The command lines `az` and `gh`: a dry run runs the reading commands and only shows the changing ones.

A secret is never an argument, which every process on the machine can read: it goes through stdin.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from time import sleep
from typing import Any, Literal

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log

Answer = Any  # parsed JSON, other text, or None
Words = tuple[str, ...]

_AZURE_CODES = (
    re.compile(r"^Code: (\w+)$", re.MULTILINE),
    re.compile(r"^(?:ERROR: )?\((\w+)\)", re.MULTILINE),
    re.compile(r'"code": ?"(\w+)"'),  # of Microsoft Graph
)
_GITHUB_CODES = (re.compile(r"\(?HTTP (\d{3})\)?"),)
_INSTALL = {
    "az": "Install the Azure CLI: https://learn.microsoft.com/cli/azure/install-azure-cli",
    "gh": "Install the GitHub CLI: https://cli.github.com",
}
# Without GH_HOST, gh uses the host of its last login; the identities trust tokens of github.com only.
_ENVIRON = {"AZURE_CORE_NO_COLOR": "1", "GH_HOST": "github.com", "GH_PROMPT_DISABLED": "1", "NO_COLOR": "1"}
_MISSING = frozenset({"ResourceNotFound", "ResourceGroupNotFound", "404"})
# Together a little more than two minutes, the longest that Entra and Azure take to replicate something new.
PAUSES_S = (1, 2, 4, 8, 15, 15, 15, 15, 15, 15, 15, 15)


class CommandError(ScriptError):
    """A command failed. `reason` is Azure's code (ResourceNotFound), GitHub's status (404), or empty."""

    def __init__(self, command: str, message: str, *, reason: str) -> None:
        super().__init__(f"{command}\n{message}")
        self.command = command
        self.message = message
        self.reason = reason

    def is_about(self, reasons: Collection[str]) -> bool:
        """Whether one of them is its reason or in its message: Microsoft Graph gives no codes."""
        return any(reason == self.reason or reason in self.message for reason in reasons)


@dataclass
class CommandLine:
    """One of the two programs. `changes` are the changing commands that ran, or were shown in a dry run."""

    program: Literal["az", "gh"]
    dry_run: bool = False
    subscription: str | None = None
    """Azure's, for every command that has this option."""
    timeout_s: float | None = None
    """The longest that one command may take."""
    changes: list[str] = field(default_factory=list)

    @property
    def is_installed(self) -> bool:
        """Whether it is on PATH."""
        return shutil.which(self.program) is not None

    def query(self, *words: str) -> Answer:
        """The answer of a reading command, parsed if it is JSON; a dry run shows and runs it."""
        if self.dry_run:
            log(f"  runs: {self._shown(words)}")
        answer = self._run(words)
        if self.program == "az" and (answer is None or isinstance(answer, str)):
            raise ScriptError(f"{self._shown(words)}\naz returned no JSON. Run the command to see its output.")
        return answer

    def find(self, *words: str, missing: Collection[str] = _MISSING) -> Answer:
        """The same, or None if it fails with a reason in `missing`."""
        try:
            return self.query(*words)
        except CommandError as failure:
            if failure.reason in missing:
                return None
            raise

    def change(
        self,
        *words: str,
        stdin: str | None = None,
        body: Mapping[str, object] | None = None,
        retry_on: Collection[str] = (),
    ) -> Answer:
        """The answer of a changing command; a dry run only shows it, and the answer is None.

        `body` is JSON for stdin, which a dry run shows; a secret goes into `stdin`. A failure with a reason in
        `retry_on` means that something new is not replicated yet: the command is repeated for two minutes.
        """
        self.changes.append(self._shown(words))
        if body is not None:
            stdin = json.dumps(body)
        if self.dry_run:
            read = f" <<< {shlex.quote(json.dumps(body))}" if body is not None else ""
            log(f"  would run: {self._shown(words)}{read}")
            return None
        for pause in PAUSES_S:
            try:
                return self._run(words, stdin=stdin)
            except CommandError as failure:
                if not failure.is_about(retry_on):
                    raise
                log(f"  not replicated yet, retrying in {pause} s", passing=True)
                sleep(pause)
        return self._run(words, stdin=stdin)

    def _all(self, words: Words) -> Words:
        # `az ad` works on the tenant and has no such option.
        takes_it = self.subscription and words[0] not in {"ad", "account"} and "--subscription" not in words
        return (*words, "--subscription", str(self.subscription)) if takes_it else words

    def _shown(self, words: Words) -> str:
        return shlex.join([self.program, *self._all(words)])

    def _run(self, words: Words, *, stdin: str | None = None) -> Answer:
        path = shutil.which(self.program)
        if path is None:
            raise ScriptError(f"{self.program} is not on PATH. {_INSTALL[self.program]}", code=2)
        machine = ["--output", "json", "--only-show-errors"] if self.program == "az" else []
        try:
            ran = run_program([path, *self._all(words), *machine], stdin=stdin or "", timeout_s=self.timeout_s)
        except subprocess.TimeoutExpired:
            raise ScriptError(
                f"{self._shown(words)}\nNo answer within {self.timeout_s:.0f} s. Check the network and the proxy, or "
                "allow more time."
            ) from None
        except OSError as error:  # for example, the interpreter of its first line is gone
            raise ScriptError(
                f"{path} does not start: {error.strerror}. Its installation is broken. {_INSTALL[self.program]}", code=2
            ) from None
        if ran.returncode:
            raise self._failure(words, ran.stderr.strip() or ran.stdout.strip())
        try:
            return json.loads(ran.stdout) if ran.stdout.strip() else None
        except ValueError:
            return ran.stdout

    def _failure(self, words: Words, message: str) -> CommandError:
        codes = _AZURE_CODES if self.program == "az" else _GITHUB_CODES
        reason = next((found[1] for code in codes if (found := code.search(message))), "")
        text = message.partition("\nCode: ")[0].removeprefix("ERROR: ")  # az repeats everything after it
        return CommandError(self._shown(words), text, reason=reason)


def run_program(
    command: Sequence[str], *, stdin: str, timeout_s: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Start `az` or `gh` with the caller's environment; `TimeoutExpired` if it takes longer than that."""
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, **_ENVIRON},
        timeout=timeout_s,
        check=False,
    )

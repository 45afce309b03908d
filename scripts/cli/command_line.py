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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from time import sleep
from typing import Any, Literal

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log

Answer = Any  # JSON, text when it is none, or nothing
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
# gh goes to the last host of its logins otherwise, and the identities trust the tokens of github.com alone.
_ENVIRON = {"AZURE_CORE_NO_COLOR": "1", "GH_HOST": "github.com", "GH_PROMPT_DISABLED": "1", "NO_COLOR": "1"}
_MISSING = frozenset({"ResourceNotFound", "404"})
# Together a little more than two minutes: what Entra and Azure take at most to tell each other of something new.
PAUSES_S = (1, 2, 4, 8, 15, 15, 15, 15, 15, 15, 15, 15)


class CommandError(ScriptError):
    """`reason` is Azure's code, such as ResourceNotFound, or GitHub's status, such as 404; empty when neither tells."""

    def __init__(self, command: str, message: str, *, reason: str) -> None:
        super().__init__(f"{command}\n{message}")
        self.command = command
        self.message = message
        self.reason = reason

    def is_about(self, reasons: Collection[str]) -> bool:
        """Whether one of them is its reason, or is in its message: Microsoft Graph tells no reasons."""
        return any(reason == self.reason or reason in self.message for reason in reasons)


@dataclass
class CommandLine:
    """One of the two programs. `changes` are the commands that changed something, or would have."""

    program: Literal["az", "gh"]
    dry_run: bool = False
    subscription: str | None = None
    """Of Azure, for every command that takes it."""
    changes: list[str] = field(default_factory=list)

    @property
    def is_installed(self) -> bool:
        """Whether it is on PATH."""
        return shutil.which(self.program) is not None

    def ask(self, *words: str) -> Answer:
        """What a reading command answers, parsed when it is JSON; a dry run shows the command and runs it, too."""
        if self.dry_run:
            log(f"  runs: {self._shown(words)}")
        answer = self._run(words)
        if self.program == "az" and (answer is None or isinstance(answer, str)):
            raise ScriptError(f"{self._shown(words)}\naz answered no JSON. Run this to see what it says instead.")
        return answer

    def find(self, *words: str, missing: Collection[str] = _MISSING) -> Answer:
        """The same, or None when the reason of a failure is one of `missing`."""
        try:
            return self.ask(*words)
        except CommandError as failure:
            if failure.reason in missing:
                return None
            raise

    def change(
        self,
        *words: str,
        stdin: str | None = None,
        body: Mapping[str, object] | None = None,
        not_yet: Collection[str] = (),
    ) -> Answer:
        """What a changing command answers; in a dry run it is only shown, and the answer is None.

        `body` is JSON for its stdin which anybody may read, and is shown, too; a secret is `stdin`. A failure that is
        about one of `not_yet` is what something new meets that is not known everywhere: again, later.
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
                if not failure.is_about(not_yet):
                    raise
                log(f"  not known everywhere yet, once more in {pause} s", passing=True)
                sleep(pause)
        return self._run(words, stdin=stdin)

    def _all(self, words: Words) -> Words:
        # The directory belongs to a tenant, and `az ad` has no such option.
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
            ran = run_program([path, *self._all(words), *machine], stdin=stdin or "")
        except OSError as error:  # such as an interpreter of its first line that is gone
            raise ScriptError(
                f"{path} does not start: {error.strerror}. Is it installed whole? {_INSTALL[self.program]}", code=2
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
        text = message.partition("\nCode: ")[0].removeprefix("ERROR: ")  # which says everything twice
        return CommandError(self._shown(words), text, reason=reason)


def run_program(command: Sequence[str], *, stdin: str) -> subprocess.CompletedProcess[str]:
    """Start `az` or `gh` with the caller's environment."""
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, **_ENVIRON},
        check=False,
    )


def azure(*, dry_run: bool = False) -> CommandLine:
    """`az`, at the subscription that Terraform deploys to; where none is named, at az's own."""
    return CommandLine("az", dry_run=dry_run, subscription=os.environ.get("ARM_SUBSCRIPTION_ID"))

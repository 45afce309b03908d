"""What both stand-ins are as programs: the record of calls, the failures and the kill that a test requests."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import sys
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from tests.cloud.store import Json, lock, path, read, write


class Answer(NamedTuple):
    """How a call of a stand-in ends."""

    code: int = 0
    out: str = ""
    err: str = ""


Run = Callable[[list[str]], tuple[Answer, bool]]
"""The program: its answer to the words, and whether they are a command that changes something."""


class SecretInArgumentsError(Exception):
    """Every process on the machine could read it."""


class ScriptKilled(BaseException):
    """The calling script is killed at this change, as the test requested; nothing catches it."""


def call(program: str, words: list[str], run: Run) -> Answer:
    """One call; it ends with a code that no script handles if a secret is among the words."""
    with lock():
        try:
            _refuse_secrets(words)
            answer, changes = run(words)
        except SecretInArgumentsError:
            answer, changes, words = Answer(code=99), False, ["a secret was here"]
        _record(program, words, changes=changes, code=answer.code)
    return answer


def main(program: str, run: Run) -> NoReturn:
    """The same for a process; what another one pipes into it is read before the lock, which that one needs, too."""
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        sys.stdin = io.StringIO(sys.stdin.read())
    try:
        code, out, err = call(program, sys.argv[1:], run)
    except ScriptKilled:
        os.kill(os.getppid(), signal.SIGKILL)
        end(137)
    sys.stdout.write(out)
    sys.stderr.write(err)
    end(code)


def end(code: int) -> NoReturn:
    """Exit without the interpreter's clean-up, which is slower than everything else here."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def keep_secret(value: str) -> None:
    """From now on, no call may have this value among its words."""
    secrets = read("secrets.json") or []
    if value not in secrets:
        write("secrets.json", [*secrets, value])


def requested_failure(program: str, words: list[str]) -> Json | None:
    """The failure that the test requested for this call, or None: `command`, `message`, `code`, `times`."""
    failures: list[Json] = read("failures.json") or []
    for failure in failures:
        matches = failure["program"] == program and " ".join(words).startswith(failure["command"])
        if matches and failure["times"] > 0:
            failure["times"] -= 1
            write("failures.json", failures)
            return failure
    return None


def kill_script(when: str) -> None:
    """Kill the calling script if the test requested it here; `when` is before or after a change took effect."""
    kill: Json | None = read("kill.json")
    if kill is None:
        return
    if when == "before":
        kill["change"] -= 1
        write("kill.json", kill)
    if kill["change"] == 0 and kill["when"] == when:
        os.remove(path("kill.json"))  # noqa: PTH107
        raise ScriptKilled


def _refuse_secrets(words: list[str]) -> None:
    if any(secret in word for secret in read("secrets.json") or [] for word in words):
        raise SecretInArgumentsError


def _record(program: str, words: list[str], *, changes: bool, code: int) -> None:
    """Note the call, without what came through stdin."""
    with open(path("calls.jsonl"), "a", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write(json.dumps({"program": program, "words": words, "changes": changes, "code": code}) + "\n")

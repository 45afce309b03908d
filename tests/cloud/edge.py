"""What both stand-ins share: the folder of their state, the record of their calls, and the wishes of a test.

Imports little: a scenario starts these programs hundreds of times.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn

Json = dict[str, Any]
Content = Any  # of a JSON file
FOLDER = "CLOUD_STAND_INS"  # names the variable


class Answer(NamedTuple):
    """How a call of a stand-in ends."""

    code: int = 0
    out: str = ""
    err: str = ""


Run = Callable[[list[str]], tuple[Answer, bool]]
"""The program: its answer to the words, and whether they are a command that changes something."""


class SecretInArgumentsError(Exception):
    """Everybody on the machine could read it."""


class ScriptKilled(BaseException):
    """The script that called is killed at this change, as the test wishes; nothing catches it."""


def path(name: str) -> str:
    """A file of the scenario."""
    return os.path.join(os.environ[FOLDER], name)  # noqa: PTH118 - pathlib is slow to import


def read(name: str) -> Content:
    """The JSON file's content, or None."""
    try:
        with open(path(name), encoding="utf-8") as stream:  # noqa: PTH123
            return json.load(stream)
    except FileNotFoundError:
        return None


def write(name: str, content: object) -> None:
    """Replace the JSON file in one step."""
    new = path(f"{name}.{os.getpid()}")
    with open(new, "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write(json.dumps(content))
    os.replace(new, path(name))  # noqa: PTH105


@contextmanager
def alone() -> Iterator[None]:
    """One call after the other."""
    with open(path("lock"), "a", encoding="utf-8") as stream:  # noqa: PTH123
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def record(program: str, words: list[str], *, changes: bool, code: int) -> None:
    """Note the call; never what came through stdin."""
    with open(path("calls.jsonl"), "a", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write(json.dumps({"program": program, "words": words, "changes": changes, "code": code}) + "\n")


def keep_secret(value: str) -> None:
    """No call may ever hold this value among its words."""
    secrets = read("secrets.json") or []
    if value not in secrets:
        write("secrets.json", [*secrets, value])


def call(program: str, words: list[str], run: Run) -> Answer:
    """One call, which ends with a code that no script handles if a secret is among the words."""
    with alone():
        try:
            _refuse_secrets(words)
            answer, changes = run(words)
        except SecretInArgumentsError:
            answer, changes, words = Answer(code=99), False, ["a secret was here"]
        record(program, words, changes=changes, code=answer.code)
    return answer


def main(program: str, run: Run) -> NoReturn:
    """The same for a process."""
    try:
        code, out, err = call(program, sys.argv[1:], run)
    except ScriptKilled:
        os.kill(os.getppid(), signal.SIGKILL)
        end(137)
    sys.stdout.write(out)
    sys.stderr.write(err)
    end(code)


def _refuse_secrets(words: list[str]) -> None:
    if any(secret in word for secret in read("secrets.json") or [] for word in words):
        raise SecretInArgumentsError


def wished_failure(program: str, words: list[str]) -> Json | None:
    """The failure that the test wants of this call, if any: `command`, `message`, `code`, `times`."""
    failures: list[Json] = read("failures.json") or []
    for failure in failures:
        fits = failure["program"] == program and " ".join(words).startswith(failure["command"])
        if fits and failure["times"] > 0:
            failure["times"] -= 1
            write("failures.json", failures)
            return failure
    return None


def kill_script(when: str) -> None:
    """Kill the script that called, if its time has come; `when` is before or after a change took effect."""
    kill: Json | None = read("kill.json")
    if kill is None:
        return
    if when == "before":
        kill["change"] -= 1
        write("kill.json", kill)
    if kill["change"] == 0 and kill["when"] == when:
        os.remove(path("kill.json"))  # noqa: PTH107
        raise ScriptKilled


def end(code: int) -> NoReturn:
    """Exit without the interpreter's clean-up, which is slower than everything else here."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

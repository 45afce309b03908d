"""How a command ends: a message and an exit code instead of a traceback. Standard library only."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import NoReturn

from scripts.cli.log import log


class ScriptError(Exception):
    """`str()` of it is all that the person needs to read; `code` is the exit code, `output` what a command printed."""

    def __init__(self, message: str, *, code: int = 1, output: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.output = output


@contextlib.contextmanager
def error_handling() -> Iterator[None]:
    """A message instead of a traceback; Ctrl-C is exit code 130, SIGTERM 143, SIGHUP 129, Ctrl-D at a question 1."""

    def leave(number: int, _frame: object) -> NoReturn:
        sys.exit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), leave)
    try:
        yield
    except KeyboardInterrupt:
        log("Stopped.")
        sys.exit(130)
    except EOFError:  # of input() and getpass alone; their question still stands on the line
        log("\nStopped: the question was not answered.")
        sys.exit(1)
    except ScriptError as failure:
        log(str(failure))
        sys.exit(failure.code)
    except OSError as failure:  # of a file that a person has named, or of one that is not ours
        if failure.filename is None:
            raise
        log(f"{failure.filename}: {failure.strerror}")
        sys.exit(2)

"""How `az` reads its command line and how it fails: unknown words end with 2, what is not there with 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Run = Callable[..., Any]

COMMANDS: dict[str, Run] = {}
CHANGES: set[str] = set()
SHORT = {"-n": "--name", "-g": "--resource-group", "-l": "--location", "-o": "--output", "-s": "--subscription"}
# Commands of the directory and of the login itself do not take --subscription.
WITHOUT_SUBSCRIPTION = ("ad ", "account list")


class AzError(Exception):
    """A failure as Azure words it: `(Code) Message`; without a code it is the command line's own."""

    def __init__(self, code: str, message: str, *, exit_code: int = 1) -> None:
        super().__init__(
            f"ERROR: ({code}) {message}\nCode: {code}\nMessage: {message}" if code else f"ERROR: {message}"
        )
        self.exit_code = exit_code


class UsageError(AzError):
    """What argparse refuses."""

    def __init__(self, message: str) -> None:
        super().__init__("", message, exit_code=2)


def missing(code: str, message: str) -> AzError:
    """Azure's 404."""
    return AzError(code, message, exit_code=3)


def command(name: str, *, changes: bool = False) -> Callable[[Run], Run]:
    """Register a function; its keyword-only parameters are the flags, those without default are required."""

    def register(run: Run) -> Run:
        COMMANDS[name] = run
        if changes:
            CHANGES.add(name)
        return run

    return register


def parse(words: list[str]) -> tuple[str, Json, str | None]:
    """The command, its arguments, and the subscription that was asked for."""
    name = next((" ".join(words[:n]) for n in range(5, 0, -1) if " ".join(words[:n]) in COMMANDS), None)
    if name is None:
        raise UsageError(f"'{' '.join(words[:4])}' is misspelled or not recognized by the system.")
    flags = _flags(words[len(name.split()) :])
    run, arguments = COMMANDS[name], {}
    kinds = flags_of(run)
    for flag in (flag for flag in list(flags) if flag in kinds):
        key, kind = kinds[flag]
        arguments[key] = _value(flag, flags.pop(flag), kind)
    absent = [flag for flag, (key, _) in kinds.items() if key not in {**(run.__kwdefaults__ or {}), **arguments}]
    if absent:
        raise UsageError(f"the following arguments are required: {', '.join(absent)}")
    subscription = None if name.startswith(WITHOUT_SUBSCRIPTION) else flags.pop("--subscription", None)
    for known in ("--output", "--only-show-errors"):
        flags.pop(known, None)
    if flags:
        raise UsageError(f"unrecognized arguments: {' '.join(flags)}")
    return name, arguments, subscription[0] if subscription else None


def flags_of(run: Run) -> dict[str, tuple[str, str]]:
    """The flags of a command, each with its parameter and what this is annotated with."""
    code = run.__code__
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return {f"--{name.replace('_', '-')}": (name, run.__annotations__[name]) for name in names}


def _flags(words: list[str]) -> dict[str, list[str]]:
    flags: dict[str, list[str]] = {}
    values: list[str] | None = None
    for word in words:
        if word.startswith("-") and not word.removeprefix("-").isdigit():
            values = flags.setdefault(SHORT.get(word, word), [])
        elif values is None:
            raise UsageError(f"unrecognized arguments: {word}")
        else:
            values.append(word)
    return flags


def _value(flag: str, values: list[str], kind: str) -> object:
    if kind == "list[str]":
        return values
    if kind == "bool":  # a switch
        if values:
            raise UsageError(f"unrecognized arguments: {' '.join(values)}")
        return True
    if len(values) != 1:
        raise UsageError(f"argument {flag}: expected one argument")
    if kind.startswith("Truth"):
        if values[0] not in {"true", "false"}:
            raise UsageError(f"argument {flag}: invalid choice: {values[0]!r} (choose from true, false)")
        return values[0] == "true"
    return values[0]

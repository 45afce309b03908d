"""Run by the Python of the real azure-cli: its own parser reads command lines, and nothing is carried out.

Stdin: a JSON object per line, and as many lines of JSON on stdout. `{"objections": [...]}` with lists of words, without
`az`: for each of them what the parser has against it, or null. `{"flags": [...]}` with commands: maps each to the flags
that it takes, or to null.
"""

import contextlib
import io
import json
import sys
from typing import Any

from azure.cli.core import get_default_cli  # type: ignore[import-not-found]
from azure.cli.core.commands.events import (  # type: ignore[import-not-found]
    EVENT_INVOKER_POST_LOAD_ARGUMENTS,
    EVENT_INVOKER_PRE_LOAD_ARGUMENTS,
)
from knack.events import EVENT_INVOKER_POST_CMD_TBL_CREATE  # type: ignore[import-not-found]

CLI = get_default_cli()


def prepared(command: str) -> Any:  # noqa: ANN401 - azure-cli has no types
    """The invocation with this command's table and arguments, or None when there is no such command."""
    invocation = CLI.invocation = CLI.invocation_cls(
        cli_ctx=CLI, parser_cls=CLI.parser_cls, commands_loader_cls=CLI.commands_loader_cls, help_cls=CLI.help_cls
    )
    loader = invocation.commands_loader
    table = loader.load_command_table(command.split())
    if command not in table:
        return None
    invocation.data["command_string"] = command
    loader.command_table, loader.command_name = {command: table[command]}, command
    # Handlers of these events put in the global arguments, --subscription among them.
    CLI.raise_event(EVENT_INVOKER_PRE_LOAD_ARGUMENTS, commands_loader=loader)
    loader.load_arguments(command)
    CLI.raise_event(EVENT_INVOKER_POST_LOAD_ARGUMENTS, commands_loader=loader)
    CLI.raise_event(EVENT_INVOKER_POST_CMD_TBL_CREATE, commands_loader=loader)
    invocation.parser.cli_ctx = CLI
    invocation.parser.load_command_table(loader)
    return invocation


def command_of(words: list[str]) -> str:
    """The words before the first flag."""
    first = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join(words[:first])


def objections(lines: list[list[str]]) -> list[str | None]:
    """What the parser has against each line; every command is loaded once."""
    found: dict[str, Any] = {}
    answers: list[str | None] = []
    for words in lines:
        command = command_of(words)
        if command not in found:
            found[command] = prepared(command)
        answers.append(objection(found[command], words) if found[command] else f"no such command: {command}")
    return answers


def objection(invocation: Any, words: list[str]) -> str | None:  # noqa: ANN401
    """What the parser says on its way out."""
    CLI.invocation = invocation
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            invocation.parser.parse_args(words)
    except SystemExit:
        return said.getvalue() or "refused"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def flags(commands: list[str]) -> dict[str, list[str] | None]:
    """The options of each command, the global ones among them."""
    answers: dict[str, list[str] | None] = {}
    for command in commands:
        invocation = prepared(command)
        answers[command] = None
        if invocation:
            parser = invocation.parser.subparsers[tuple(command.split()[:-1])].choices[command.split()[-1]]
            answers[command] = sorted(flag for action in parser._actions for flag in action.option_strings)
    return answers


if __name__ == "__main__":
    for line in sys.stdin:
        question = json.loads(line)
        answer = flags(question["flags"]) if "flags" in question else objections(question["objections"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

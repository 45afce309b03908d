"""The program: read the command line, change the state, print what `az` prints."""

from __future__ import annotations

import json
import sys

from tests.cloud import edge
from tests.cloud.az import account, ad, containerapp, group, keyvault, provider, rest, role, storage  # noqa: F401
from tests.cloud.az.azure import Azure, new
from tests.cloud.az.commands import CHANGES, COMMANDS, AzError, parse

STATE = "az.json"


def main() -> None:
    """One call."""
    words = sys.argv[1:]
    with edge.alone():
        edge.refuse_secrets("az", words)
        code, out, err = 0, "", ""
        try:
            out = _run(words)
        except AzError as error:
            code, err = error.exit_code, f"{error}\n"
        changes = any(" ".join(words).startswith(name) for name in CHANGES)
        edge.record("az", words, changes=changes, code=code)
    sys.stdout.write(out)
    sys.stderr.write(err)
    edge.end(code)


def _run(words: list[str]) -> str:
    name, arguments, subscription = parse(words)
    data = edge.read(STATE) or new()
    if not data["logged_in"] and name != "login":
        raise AzError("", "Please run 'az login' to setup account.")
    if name in CHANGES:
        edge.kill_script("before")
    if failure := edge.wished_failure("az", words):
        raise AzError(failure["code"], failure["message"])
    azure = Azure(data, subscription=subscription)
    azure.subscription  # noqa: B018 - whatever the command, one that does not exist is refused
    result = COMMANDS[name](azure, **arguments)
    if name in CHANGES:
        edge.write(STATE, data)
        edge.kill_script("after")
    return "" if result is None else json.dumps(result, indent=2) + "\n"

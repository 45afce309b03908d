"""The program: read the command line, change the state, print what `az` prints."""

from __future__ import annotations

import json

from tests.cloud import stand_in, store
from tests.cloud.az import (  # noqa: F401
    account,
    acr,
    ad,
    blob,
    cognitiveservices,
    containerapp,
    group,
    identity,
    keyvault,
    lock,
    log_analytics,
    network,
    provider,
    resource,
    rest,
    role,
    storage,
    tag,
)
from tests.cloud.az.azure import Azure, new
from tests.cloud.az.commands import CHANGES, COMMANDS, AzError, parse

STATE = "az.json"


def main() -> None:
    """One call."""
    stand_in.main("az", run)


def run(words: list[str]) -> tuple[stand_in.Answer, bool]:
    """The answer, and whether this is a command that changes something."""
    changes = any(" ".join(words).startswith(name) for name in CHANGES)
    try:
        return stand_in.Answer(out=_run(words)), changes
    except AzError as error:
        return stand_in.Answer(code=error.exit_code, err=f"{error}\n"), changes


def _run(words: list[str]) -> str:
    name, arguments, subscription = parse(words)
    data = store.read(STATE) or new()
    if not data["logged_in"] and name != "login":
        raise AzError("", "Please run 'az login' to setup account.")
    if name in CHANGES:
        stand_in.kill_script("before")
    if failure := stand_in.requested_failure("az", words):
        raise AzError(failure["code"], failure["message"])
    azure = Azure(data, subscription=subscription)
    azure.subscription  # noqa: B018 - whatever the command, one that does not exist is refused
    result = COMMANDS[name](azure, **arguments)
    if name in CHANGES:
        store.write(STATE, data)
        stand_in.kill_script("after")
    return "" if result is None else json.dumps(result, indent=2) + "\n"

"""The container app from outside: its address and its door."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from scripts.azure.offers import settings_of
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.terraform.stacks import Stack

IN_A_ROW = 20
"""Answers before one is believed: each request may meet another replica, and of three one may be late."""
TIMEOUT_S = 60.0
"""Of one request; a start from zero replicas takes less, or the next request meets it."""


def address(az: CommandLine, stack: Stack) -> str:
    """The gateway's, as Azure says it."""
    app = az.find("containerapp", "show", "--name", stack.container_app, "--resource-group", stack.resource_group)
    if app is None:
        raise not_deployed(stack)
    return f"https://{app['properties']['configuration']['ingress']['fqdn']}"


def not_deployed(stack: Stack) -> ScriptError:
    """What to say of an app that is not there."""
    return ScriptError(f"There is no {stack.container_app} in {stack.resource_group}: {stack.env} is not deployed yet.")


def tell_from_where(env: str) -> None:
    """Whom the ingress lets in, before somebody else waits for its door."""
    ingress = settings_of(env).ingress
    if not ingress.external:
        log(f"{env} answers inside its virtual network alone: this must run there.")
    if ingress.ip_allowlist:
        log(f"{env} answers to {', '.join(map(str, ingress.ip_allowlist))} alone: this must run there.")


@dataclass(frozen=True, kw_only=True)
class Key:
    """One that the door shall open to, or shall not."""

    name: str
    value: str = field(repr=False)
    opens: bool = True


def wait_for_door(base_url: str, keys: Sequence[Key], *, wait_s: float, every_s: float) -> None:
    """Until the door treats all of the keys so, several times in a row; `ScriptError` with what it last answered."""
    start, right = time.monotonic(), 0
    # A new connection for each request, as the old one leads to the same replica.
    with httpx.Client(base_url=base_url, timeout=TIMEOUT_S, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        while True:
            answers = {key.name: _answer(client, key.value) for key in keys}
            is_right = all(answers[key.name] == ("200" if key.opens else "401") for key in keys)
            right = right + 1 if is_right else 0
            if right == IN_A_ROW:
                break
            if time.monotonic() - start > wait_s:
                raise ScriptError(f"After {wait_s:.0f} s the gateway at {base_url} still answers {_told(answers)}.")
            log(f"{_told(answers)}; {time.monotonic() - start:.0f} s", passing=True)
            time.sleep(min(every_s, 1.0) if is_right else every_s)
    log(f"{_told(answers)}, {IN_A_ROW} times in a row")


def _answer(client: httpx.Client, key: str) -> str:
    """A status, or why there is none; the list of models is the cheapest thing behind the door."""
    try:
        return str(client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code)
    except httpx.HTTPError as error:
        return type(error).__name__
    except UnicodeEncodeError:
        return "nothing, as no header can hold it,"


def _told(answers: dict[str, str]) -> str:
    return ", ".join(f"{answer} to {name}" for name, answer in answers.items())

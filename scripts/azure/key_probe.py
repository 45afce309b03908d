"""Requests that tell whether the deployed gateway accepts a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from scripts.azure.polling import Polling
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log

CONSECUTIVE = 20
"""Equal answers before one is believed: each request may reach another replica, and one of three may be late."""
TIMEOUT_S = 60.0
"""Of one request; a start from zero replicas takes less, or is over when the next request comes."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key that the gateway must accept, or must refuse."""

    name: str
    value: str = field(repr=False)
    accepted: bool = True


def wait_for_keys(base_url: str, keys: Sequence[Key], polling: Polling) -> None:
    """Until the gateway accepts and refuses the keys as it must, several times in a row.

    Raises:
        ScriptError: it did not in time; with its last answers.
    """
    # A new connection for each request: the old one leads to the same replica.
    with httpx.Client(base_url=base_url, timeout=TIMEOUT_S, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        for elapsed in polling.attempts():
            for number in range(CONSECUTIVE):
                if number:
                    polling.pause(min(polling.interval_s, 1.0))
                answers = {key.name: _answer(client, key.value) for key in keys}
                if any(answers[key.name] != ("200" if key.accepted else "401") for key in keys):
                    break
            else:
                log(f"{_text(answers)}, {CONSECUTIVE} times in a row")
                return
            log(f"{_text(answers)}; {elapsed:.0f} s", passing=True)
    raise ScriptError(f"After {polling.timeout_s:.0f} s the gateway at {base_url} still answers {_text(answers)}.")


def _answer(client: httpx.Client, key: str) -> str:
    """A status, or why there is none; the list of models is the cheapest request that needs a key."""
    try:
        return str(client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code)
    except httpx.HTTPError as error:
        return type(error).__name__
    except UnicodeEncodeError:
        return "nothing (not a valid header value)"


def _text(answers: dict[str, str]) -> str:
    return ", ".join(f"{answer} to {name}" for name, answer in answers.items())

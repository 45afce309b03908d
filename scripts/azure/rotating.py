"""A client key is replaced without an outage: a second one beside it, then in its place. The vault is the truth.

`add` leads from the phase derived to second; `retire` from second by way of same to derived (phases.py).
The inner key between the two containers stays: it never leaves the replica, and who has an old client key cannot
compute it without Azure's key.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from scripts.azure.app import Key, wait_for_door
from scripts.azure.phases import phase_of
from scripts.azure.vault import Secret, Vault
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.smoke_test.deployed import smoke
from settings.secret_names import derived_second_key, gateway_key, show_command

NEW, OLD = "the new key", "the old key"


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """The keys of one project in one environment."""

    vault: Vault
    base_url: str
    env: str
    project: str | None
    """None is the first one."""
    wait_s: float
    every_s: float
    smoke: bool

    def add(self) -> None:
        """A second key that opens the door; one that is there already is kept, nobody need be told twice."""
        first, second = self._read()
        phase = phase_of(first.value, second.value, before=self.vault.before(first))
        if phase == "same":
            raise ScriptError("A retirement was interrupted. Finish it first: run this with `retire`.")
        key = second.value
        if phase == "derived":
            self._wait([Key(name="the key", value=first.value)], "The door, before anything is changed")
            key = secrets.token_urlsafe(32)
            self._write(second, key, "a new key")
        else:
            log(f"{second.name} is a key of its own already, and stays.")
        if self.vault.az.dry_run:
            return
        self._wait_for_both(first.value, key)
        self._test({OLD: first.value, NEW: key})
        log(f"Both keys work. Give clients the new one: {show_command(self.vault.name, second.name)}")

    def retire(self) -> None:
        """The second key becomes the first, and what was the first opens nothing any more."""
        first, second = self._read()
        phase = phase_of(first.value, second.value, before=self.vault.before(first))
        if phase == "derived" and not self._has_moved(first):
            raise ScriptError("There is no second key that clients could have moved to. Begin with `add`.")
        old, key = first.value, first.value
        if phase == "second":
            key = second.value
            self._wait_for_both(old, key)  # or clients would lose the one before the other works
            self._write(first, key, "the new key")
        if second.value != derived_second_key(key):
            self._write(second, derived_second_key(key), "derived from it, as a deployment makes it")
        if self.vault.az.dry_run:
            return
        refused = old if phase == "second" else next(self.vault.before(first), None)
        keys = [Key(name=NEW, value=key), *([Key(name=OLD, value=refused, opens=False)] if refused else [])]
        self._wait(keys, "The door")
        self._test({NEW: key})
        log(f"The old key is refused. Deployments keep the new one, which is {first.name} in {self.vault.name}.")

    def _read(self) -> tuple[Secret, Secret]:
        first, second = (gateway_key(self.project, is_second=is_second) for is_second in (False, True))
        return self.vault.read(first.vault_secret), self.vault.read(second.vault_secret)

    def _write(self, secret: Secret, key: str, what: str) -> None:
        self.vault.write(secret, key)
        log(f"{secret.name} {'would be' if self.vault.az.dry_run else 'is'} {what}.")

    def _has_moved(self, first: Secret) -> bool:
        if next(self.vault.before(first), None) is None:
            return False
        log(f"Nothing to retire: {first.name} was replaced before, and has no second key beside it.")
        return True

    def _wait_for_both(self, old: str, new: str) -> None:
        self._wait([Key(name=OLD, value=old), Key(name=NEW, value=new)], "Container Apps reads it within 30 minutes")

    def _wait(self, keys: list[Key], why: str) -> None:
        if not self.vault.az.dry_run:
            log(f"{why}: {self.base_url}")
            wait_for_door(self.base_url, keys, wait_s=self.wait_s, every_s=self.every_s)

    def _test(self, keys: dict[str, str]) -> None:
        for name, key in keys.items() if self.smoke else ():
            log(f"Smoke test with {name}")
            # Its door was met already, so this is a place that the ingress lets in.
            if not smoke(self.env, base_url=self.base_url, key=key, project=self.project, is_let_in=True).passed:
                raise ScriptError(
                    f"The smoke test with {name} failed. The vault is as said above; this can be repeated."
                )

"""Replacing the client key of a project without an outage: first a second key, then that one alone.

The secrets in the vault are the truth; the two of a project tell which phase the rotation is in:

idle      The secondary key is derived from the primary, or from an earlier primary that somebody replaced by hand.
          Nobody was given it, and whoever had that primary can compute it. No rotation is going on.
added     The secondary is a key of its own, from `add` or from a person. Clients can move to it.
retiring  Both are equal: `retire` was interrupted between its two writes.

So both steps can be repeated. The inner key between the two containers stays: it is random and never leaves the
replica.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from scripts.azure.key_probe import Key, wait_for_keys
from scripts.azure.key_vault import KeyVault, Secret
from scripts.azure.polling import Polling
from scripts.azure.smoke_testing import smoke
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from settings.secret_names import derived_second_key, gateway_key, show_command

NEW, OLD = "the new key", "the old key"
Phase = Literal["idle", "added", "retiring"]


def phase_of(primary: str, secondary: str, *, earlier: Iterable[str] = ()) -> Phase:
    """From the two keys; `earlier` are the primary's earlier values, read only if they matter."""
    if secondary == primary:
        return "retiring"
    return "idle" if any(secondary == derived_second_key(key) for key in chain([primary], earlier)) else "added"


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """The keys of one project in one environment; `project` is None for the first one."""

    vault: KeyVault
    base_url: str
    env: str
    project: str | None
    polling: Polling
    smoke: bool

    def add(self) -> None:
        """Create a secondary key, and wait until the gateway accepts it; one that exists already is kept."""
        primary, secondary = self._read()
        phase = self._phase(primary, secondary)
        if phase == "retiring":
            raise ScriptError("A retirement was interrupted. Run this with `retire` to finish it.")
        key = secondary.value
        if phase == "idle":
            self._wait([Key(name="the key", value=primary.value)], "Checking the current key before any change")
            key = secrets.token_urlsafe(32)
            self._write(secondary, key, "a new key")
        else:
            log(f"{secondary.name} is a key of its own already, and is kept.")
        if self.vault.az.dry_run:
            return
        self._wait_for_both(primary.value, key)
        self._test({OLD: primary.value, NEW: key})
        log(f"Both keys work. Give clients the new one: {show_command(self.vault.name, secondary.name)}")

    def retire(self) -> None:
        """Make the secondary key the primary one, and wait until the gateway refuses the old primary."""
        primary, secondary = self._read()
        phase = self._phase(primary, secondary)
        if phase == "idle" and not self._was_replaced(primary):
            raise ScriptError("There is no second key that clients could have moved to. Run this with `add` first.")
        old, key = primary.value, primary.value
        if phase == "added":
            key = secondary.value
            self._wait_for_both(old, key)  # otherwise clients could lose the old key before the new one works
            self._write(primary, key, "the new key")
        if secondary.value != derived_second_key(key):
            self._write(secondary, derived_second_key(key), "derived from it")
        if self.vault.az.dry_run:
            return
        refused = old if phase == "added" else next(self.vault.earlier_values(primary), None)
        keys = [Key(name=NEW, value=key), *([Key(name=OLD, value=refused, accepted=False)] if refused else [])]
        self._wait(keys, "Waiting until the old key is refused (Container Apps reads the vault within 30 minutes)")
        self._test({NEW: key})
        log(f"The old key is refused. Deployments keep the new one, {primary.name} in {self.vault.name}.")

    def _read(self) -> tuple[Secret, Secret]:
        primary, secondary = (gateway_key(self.project, is_second=is_second) for is_second in (False, True))
        return self.vault.read(primary.vault_secret), self.vault.read(secondary.vault_secret)

    def _phase(self, primary: Secret, secondary: Secret) -> Phase:
        return phase_of(primary.value, secondary.value, earlier=self.vault.earlier_values(primary))

    def _write(self, secret: Secret, key: str, what: str) -> None:
        self.vault.write(secret, key)
        log(f"{secret.name} {'would be' if self.vault.az.dry_run else 'is'} {what}.")

    def _was_replaced(self, primary: Secret) -> bool:
        if next(self.vault.earlier_values(primary), None) is None:
            return False
        log(f"Nothing to retire: {primary.name} was replaced before, and there is no second key.")
        return True

    def _wait_for_both(self, old: str, new: str) -> None:
        keys = [Key(name=OLD, value=old), Key(name=NEW, value=new)]
        self._wait(keys, "Waiting until both keys are accepted (Container Apps reads the vault within 30 minutes)")

    def _wait(self, keys: list[Key], what: str) -> None:
        if not self.vault.az.dry_run:
            log(f"{what}: {self.base_url}")
            wait_for_keys(self.base_url, keys, self.polling)

    def _test(self, keys: dict[str, str]) -> None:
        for name, key in keys.items() if self.smoke else ():
            log(f"Smoke test with {name}")
            # The gateway has answered this machine before, so the ingress allows it.
            if not smoke(self.env, base_url=self.base_url, key=key, project=self.project, is_allowed=True).passed:
                raise ScriptError(f"The smoke test with {name} failed. Its report says why; then repeat this command.")

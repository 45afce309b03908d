"""Back to an earlier revision, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from scripts.azure.app import address
from scripts.azure.revisions import Revision, Revisions, current, previous
from scripts.azure.vault import Vault
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.terminal import confirm, console
from scripts.smoke_test.deployed import smoke
from scripts.terraform.stacks import Stack
from settings.secret_names import gateway_key

AFTERWARDS = """{revision} is what clients meet now.
- Revert the change on main: the next deployment that changes the app makes a new revision of what main says then, and
  neither a plan nor the drift check sees that an older one is active.
- Keys and other secrets belong to the app, not to a revision: none of them went back.
- To undo this: python3 scripts/rollback.py --env {env} --revision {newer}"""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long the revision may take, and how often to look."""

    wait_s: float
    every_s: float


def roll_back(az: CommandLine, stack: Stack, *, name: str | None, yes: bool, patience: Patience) -> bool:
    """Activate the named revision, or the previous one, and wait for it; False in a dry run."""
    revisions = Revisions(az=az, stack=stack)
    listed = revisions.all()
    now, wanted = current(listed), _chosen(listed, name=name)
    show(listed, wanted=wanted)
    if wanted == now:
        log(f"{wanted.name} is active already.")
    else:
        if not az.dry_run:
            confirm(f"Activate {wanted.name} in {stack.env}?", yes=yes, no="Nothing was changed.")
        revisions.activate(wanted.name)
        if az.dry_run:
            return False
    revisions.wait_for(wanted.name, wait_s=patience.wait_s, every_s=patience.every_s)
    if wanted != now:
        log(AFTERWARDS.format(revision=wanted.name, env=stack.env, newer=now.name if now else "NAME"))
    return True


def check(az: CommandLine, stack: Stack, *, base_url: str | None) -> None:
    """The smoke test, with the key that is in the vault: GitHub's may be older."""
    where = base_url or address(az, stack)
    key = Vault(az=az, name=stack.key_vault).read(gateway_key().vault_secret).value
    if not smoke(stack.env, base_url=where, key=key, is_let_in=base_url is not None).passed:
        raise ScriptError(f"The smoke test of {stack.env} failed on this revision, too.")


def show(revisions: Sequence[Revision], *, wanted: Revision) -> None:
    """A table of them, on stdout."""
    table = Table("revision", "made", "state", "traffic", "image", "")
    for each in revisions:
        table.add_row(
            each.name,
            f"{each.created:%Y-%m-%d %H:%M}",
            f"{'active' if each.active else 'inactive'}, {each.provisioning}, {each.health}",
            f"{each.traffic}%",
            each.image.rpartition("@")[2][:19],
            "<- this one" if each == wanted else "",
        )
    console().print(table)


def _chosen(revisions: Sequence[Revision], *, name: str | None) -> Revision:
    if name is None:
        if found := previous(revisions):
            return found
        raise ScriptError("There is nothing to go back to: the app keeps no earlier revision that once came up.")
    for revision in revisions:
        if revision.name == name:
            return revision
    there = ", ".join(revision.name for revision in revisions)
    raise ScriptError(f"There is no revision {name}; there are {there}.", code=2)

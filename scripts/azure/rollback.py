"""Activating an earlier revision, and testing it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from scripts.azure.container_app import address
from scripts.azure.key_vault import KeyVault
from scripts.azure.polling import Polling
from scripts.azure.revisions import Revision, Revisions, current, previous
from scripts.azure.smoke_testing import smoke
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.terminal import confirm, console
from scripts.terraform.stacks import Stack
from settings.secret_names import gateway_key

AFTERWARDS = """{revision} is active and gets all traffic.
- Revert the change on main: the next deployment that changes the app creates a revision from main, and no plan or drift
  check reports that an older one is active.
- Keys and other secrets belong to the app, not to a revision: they were not rolled back.
- To undo this: python3 scripts/rollback.py --env {env} --revision {newer}"""


def roll_back(az: CommandLine, stack: Stack, *, name: str | None, yes: bool, polling: Polling) -> bool:
    """Activate the named revision, or the previous one, and wait for it; False in a dry run."""
    revisions = Revisions(az=az, stack=stack)
    listed = revisions.all()
    now, target = current(listed), _select(listed, name=name)
    show(listed, target=target)
    if target == now:
        log(f"{target.name} is active already.")
    else:
        if not az.dry_run:
            confirm(f"Activate {target.name} in {stack.env}?", yes=yes, no="Nothing was changed.")
        revisions.activate(target.name)
        if az.dry_run:
            return False
    revisions.wait_for(target.name, polling)
    if target != now:
        log(AFTERWARDS.format(revision=target.name, env=stack.env, newer=now.name if now else "NAME"))
    return True


def run_smoke_test(az: CommandLine, stack: Stack, *, base_url: str | None) -> None:
    """Run the smoke test with the key of the vault, which may be newer than GitHub's."""
    url = base_url or address(az, stack)
    key = KeyVault(az=az, name=stack.key_vault).read(gateway_key().vault_secret).value
    if not smoke(stack.env, base_url=url, key=key, is_allowed=base_url is not None).passed:
        raise ScriptError(f"The smoke test of {stack.env} failed with this revision, too.")


def show(revisions: Sequence[Revision], *, target: Revision) -> None:
    """Print them as a table."""
    table = Table("revision", "created", "state", "traffic", "image", "")
    for each in revisions:
        table.add_row(
            each.name,
            f"{each.created:%Y-%m-%d %H:%M}",
            f"{'active' if each.active else 'inactive'}, {each.provisioning}, {each.health}",
            f"{each.traffic}%",
            each.image.rpartition("@")[2][:19],
            "<- target" if each == target else "",
        )
    console().print(table)


def _select(revisions: Sequence[Revision], *, name: str | None) -> Revision:
    if name is None:
        if found := previous(revisions):
            return found
        raise ScriptError("There is no revision to roll back to: the app has no earlier one that was ever healthy.")
    for revision in revisions:
        if revision.name == name:
            return revision
    raise ScriptError(f"There is no revision {name}; there are {', '.join(each.name for each in revisions)}.", code=2)

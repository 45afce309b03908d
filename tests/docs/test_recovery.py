"""docs/recovery.md works as written: its commands run in a shell, with stand-ins of `az` and `gh`."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cloud.az.blob import blob
from tests.cloud.az.keyvault import version
from tests.cloud.fixtures import Cloud
from tests.docs.clone import install_interactive
from tests.docs.markdown import ROOT, commands, fenced, read

PAGE = read(ROOT / "docs/recovery.md")
STATE = "pvcdevaigatewaystsan/tfstate/dev.tfstate"
PROD, STANDBY = "pvc-prod-san-a2s34dp3-kv", "pvc-standby-kv"
SOUND, DAMAGED = '{"serial": 7}', "{"
KEY = "canary-of-prod"


@pytest.fixture
def terminal(cloud: Cloud) -> Cloud:
    install_interactive(cloud)
    return cloud


def shell(terminal: Cloud, *lines: str, folder: Path) -> str:
    """Run the lines in one bash; returns what they print."""
    script = "\n".join(["set -euo pipefail", *lines])
    ran = subprocess.run(
        ["bash", "-c", script],  # noqa: S607
        cwd=folder,
        env=terminal.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("lost", [blob(SOUND, DAMAGED), blob(SOUND, is_deleted=True)], ids=["damaged", "deleted"])
def test_a_sound_version_of_the_state_becomes_the_current_one(
    terminal: Cloud, tmp_path: Path, lost: dict[str, object]
) -> None:
    with terminal.edit() as azure:
        azure["blobs"] = {STATE: lost}
    show, restore = fenced(PAGE, "bash")
    rows = [line.split("\t") for line in shell(terminal, show, folder=tmp_path).splitlines()]
    (sound,) = (identifier for identifier, _, size in rows if int(size) == len(SOUND))

    shell(terminal, show, restore.replace("VERSION_ID", sound), folder=tmp_path)

    restored = terminal.state()["blobs"][STATE]
    assert restored["versions"][-1]["content"] == SOUND
    assert not restored["deleted"]
    assert not (tmp_path / "restored.tfstate").exists()


def test_nobody_else_can_read_the_downloaded_state(terminal: Cloud, tmp_path: Path) -> None:
    with terminal.edit() as azure:
        azure["blobs"] = {STATE: blob(SOUND)}
    show, restore = fenced(PAGE, "bash")
    kept = restore.replace("VERSION_ID", "2026-11-01T10:00:00Z").replace("rm restored.tfstate", "")
    shell(terminal, show, kept, folder=tmp_path)
    assert (tmp_path / "restored.tfstate").stat().st_mode & 0o077 == 0


def test_the_standby_gets_the_keys_of_prod_without_showing_them(terminal: Cloud, tmp_path: Path) -> None:
    with terminal.edit() as azure:
        azure["vaults"] = {
            PROD: {"gateway-key": [version(KEY)]},
            STANDBY: {"gateway-key": [version("an old key of prod")]},
        }
    with terminal.edit("gh") as github:
        github["environments"]["standby"] = {"variables": {}, "secrets": {}}
    (terminal.folder / "secrets.json").write_text(json.dumps([KEY]), encoding="utf-8")  # no argument may have it
    show = f"az keyvault secret show --vault-name {PROD}"
    at_first, later = (line for line in commands(PAGE) if line.startswith(show))

    printed = shell(terminal, at_first, later.replace("VAULT.vault", f"{STANDBY}.vault"), folder=tmp_path)

    assert terminal.state("gh")["environments"]["standby"]["secrets"] == {"AIGATEWAY_KEY": KEY}
    newest = terminal.state()["vaults"][STANDBY]["gateway-key"][-1]
    assert (newest["value"], newest["contentType"]) == (KEY, "text/plain")
    assert KEY not in printed

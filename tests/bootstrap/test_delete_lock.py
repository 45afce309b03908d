"""The lock of the resource group, which a setting turns on and only a person takes away."""

from pathlib import Path
from typing import Any

import pytest

from tests.bootstrap.runs import bootstrap, changed_stacks
from tests.cloud.fixtures import Cloud

GROUP = "pvc-dev-aigateway-rg-san"


@pytest.fixture
def locking(stacks: Path, tmp_path: Path) -> dict[str, str]:
    """The variables for the stacks of dev, which wants a lock, and of staging."""

    def lock(env: str, content: dict[str, Any]) -> None:
        content["//"]["delete_lock"] = env == "dev"

    return changed_stacks(stacks, tmp_path / "locking", lock)


def group(cloud: Cloud, *words: str, env: dict[str, str] | None = None) -> str:
    """What a run of the part says."""
    ran = bootstrap(cloud, *words, parts=("group",), env=env)
    assert ran.code == 0, ran.err
    return ran.err


def test_the_group_of_an_environment_is_locked_if_its_settings_say_so(cloud: Cloud, locking: dict[str, str]) -> None:
    assert f"created: lock aigateway of {GROUP}" in group(cloud, env=locking)
    [lock] = cloud.state()["locks"]
    assert (lock["level"], lock["id"].split("/")[4]) == ("CanNotDelete", GROUP)
    assert group(cloud, env=locking).endswith("Nothing to change.\n")


def test_a_lock_of_somebody_else_is_enough_and_one_of_a_resource_is_not(cloud: Cloud, locking: dict[str, str]) -> None:
    group(cloud, "--env", "dev")
    scope = cloud.state()["groups"][GROUP]["id"]
    lock = {"name": "theirs", "level": "CanNotDelete", "notes": ""}
    with cloud.edit() as azure:
        vault = f"{scope}/providers/Microsoft.KeyVault/vaults/v"
        azure["locks"] = [{**lock, "id": f"{vault}/providers/Microsoft.Authorization/locks/theirs"}]
    assert "would be created: lock aigateway" in group(cloud, "--env", "dev", "--dry-run", env=locking)
    with cloud.edit() as azure:
        azure["locks"] = [{**lock, "id": f"{scope}/providers/Microsoft.Authorization/locks/theirs"}]
    assert f"ok: lock theirs of {GROUP}" in group(cloud, "--env", "dev", env=locking)


def test_a_lock_that_the_settings_no_longer_want_stays_and_its_removal_is_told(
    cloud: Cloud, locking: dict[str, str]
) -> None:
    group(cloud, "--env", "dev", env=locking)
    said = group(cloud, "--env", "dev")
    assert f"To remove it: az lock delete --name aigateway --resource-group {GROUP}\n" in said
    assert said.endswith("Nothing to change.\n")
    assert len(cloud.state()["locks"]) == 1

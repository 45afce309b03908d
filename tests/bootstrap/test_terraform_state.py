"""The storage of Terraform's state where some of it exists."""

from pathlib import Path
from typing import Any

from tests.bootstrap.runs import bootstrap, changed_stacks
from tests.cloud.fixtures import Cloud

ACCOUNT = "pvcdevaigatewaystsan"
STATE = ("--env", "dev")
ALONE = ("state",)


def test_a_new_account_does_not_rely_on_azures_defaults(dev_prepared: Cloud) -> None:
    [words] = [call.words for call in dev_prepared.changes() if call.words[:3] == ["storage", "account", "create"]]
    for flag, value in {
        "--min-tls-version": "TLS1_2",
        "--allow-blob-public-access": "false",
        "--allow-shared-key-access": "false",
        "--allow-cross-tenant-replication": "false",
        "--https-only": "true",
    }.items():
        assert words[words.index(flag) + 1] == value


def test_an_insecure_account_is_corrected(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        azure["storage"][ACCOUNT] |= {"minimumTlsVersion": "TLS1_0", "allowSharedKeyAccess": None}
        azure["storage"][ACCOUNT]["blob"]["isVersioningEnabled"] = False
    ran = bootstrap(cloud, *STATE, parts=("state",))
    assert ran.code == 0, ran.err
    assert f"changed: storage account {ACCOUNT}: minimumTlsVersion was TLS1_0, allowSharedKeyAccess was None" in ran.err
    assert "changed: blob versioning" in ran.err
    account = cloud.state()["storage"][ACCOUNT]
    assert (account["minimumTlsVersion"], account["allowSharedKeyAccess"]) == ("TLS1_2", False)
    assert account["blob"]["isVersioningEnabled"] is True
    assert len(cloud.changes()) == 2


def test_a_more_secure_account_is_kept(cloud: Cloud, dev_prepared: Cloud) -> None:
    cloud.restore(dev_prepared.state())
    with cloud.edit() as azure:
        azure["storage"][ACCOUNT]["minimumTlsVersion"] = "TLS1_3"
        azure["storage"][ACCOUNT]["blob"]["deleteRetentionPolicy"]["days"] = 90
    assert bootstrap(cloud, *STATE, parts=("state",)).err.endswith("Nothing to change.\n")


def test_a_taken_name_is_reported_with_the_setting_to_change(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["taken"] = [ACCOUNT]
    ran = bootstrap(cloud, *STATE)
    assert ran.code == 1
    assert f"The storage account name {ACCOUNT} is not available (AlreadyExists)" in ran.err
    assert "`[backend] storage_account_name`" in ran.err


def test_two_environments_may_share_the_group_of_their_accounts(cloud: Cloud, stacks: Path, tmp_path: Path) -> None:
    def share(_env: str, content: dict[str, Any]) -> None:
        content["terraform"]["backend"]["azurerm"]["resource_group_name"] = "shared"

    environ = changed_stacks(stacks, tmp_path / "shared", share)
    ran = bootstrap(cloud, env=environ)
    assert ran.code == 0, ran.err
    accounts = cloud.state()["storage"]
    assert {name: account["resourceGroup"] for name, account in accounts.items()} == {
        ACCOUNT: "shared",
        "pvcstagingaigatewaystsan": "shared",
    }
    assert bootstrap(cloud, env=environ).err.endswith("Nothing to change.\n")


def test_an_existing_resource_group_in_another_region_is_used(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        scope = f"/subscriptions/{azure['default']}/resourceGroups/pvc-dev-aigateway-tfrg-san"
        azure["groups"]["pvc-dev-aigateway-tfrg-san"] = {"id": scope, "location": "westeurope"}
    ran = bootstrap(cloud, *STATE, parts=("state",))
    assert ran.code == 0, ran.err
    assert "ok: resource group pvc-dev-aigateway-tfrg-san" in ran.err
    assert cloud.state()["storage"][ACCOUNT]["location"] == "southafricanorth"


def _wanting(stacks: Path, out: Path, **replications: str) -> dict[str, str]:
    """The variables for stacks of dev and staging with these replications."""

    def change(env: str, content: dict[str, Any]) -> None:
        content["//"]["replication"] = replications.get(env, "LRS")

    return changed_stacks(stacks, out, change)


def test_a_new_account_has_the_replication_of_the_settings(cloud: Cloud, stacks: Path, tmp_path: Path) -> None:
    environ = _wanting(stacks, tmp_path / "zones", dev="GZRS")
    assert bootstrap(cloud, *STATE, parts=ALONE, env=environ).code == 0
    assert cloud.state()["storage"][ACCOUNT]["sku"] == {"name": "Standard_GZRS"}
    assert bootstrap(cloud, *STATE, parts=ALONE, env=environ).err.endswith("Nothing to change.\n")


def test_copies_in_another_region_are_added_and_never_removed(
    cloud: Cloud, dev_prepared: Cloud, stacks: Path, tmp_path: Path
) -> None:
    cloud.restore(dev_prepared.state())
    ran = bootstrap(cloud, *STATE, parts=ALONE, env=_wanting(stacks, tmp_path / "more", dev="GRS"))
    assert f"changed: storage account {ACCOUNT}: Standard_LRS -> Standard_GRS" in ran.err
    assert cloud.state()["storage"][ACCOUNT]["sku"] == {"name": "Standard_GRS"}
    ran = bootstrap(cloud, *STATE, parts=ALONE)
    assert f"{ACCOUNT} is Standard_GRS, and the settings want Standard_LRS. To remove copies: az storage" in ran.err
    assert ran.err.endswith("Nothing to change.\n")


def test_zones_are_left_to_a_person_who_gets_the_command(
    cloud: Cloud, dev_prepared: Cloud, stacks: Path, tmp_path: Path
) -> None:
    """From LRS to GZRS are two steps: Azure converts to ZRS, then the bootstrap adds the region."""
    cloud.restore(dev_prepared.state())
    environ = _wanting(stacks, tmp_path / "zones", dev="GZRS")
    ran = bootstrap(cloud, *STATE, parts=ALONE, env=environ)
    assert "az storage account migration start --account-name pvcdevaigatewaystsan" in ran.err
    assert " --sku Standard_ZRS --name default --no-wait\n" in ran.err
    assert ran.err.endswith("Nothing to change.\n")
    with cloud.edit() as azure:
        azure["storage"][ACCOUNT]["sku"] = {"name": "Standard_ZRS"}
    assert "Standard_ZRS -> Standard_GZRS" in bootstrap(cloud, *STATE, parts=ALONE, env=environ).err

"""The home of Terraform's state when something is there already."""

import json
from pathlib import Path

from tests.bootstrap.runs import bootstrap
from tests.cloud.stand_ins import Cloud

ACCOUNT = "pvcdevaigatewaystsan"
STATE = ("--env", "dev")


def test_a_weaker_account_is_mended_and_said(cloud: Cloud, dev_done: Cloud) -> None:
    cloud.restore(dev_done.state())
    with cloud.scene() as azure:
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


def test_a_stronger_account_is_left_alone(cloud: Cloud, dev_done: Cloud) -> None:
    cloud.restore(dev_done.state())
    with cloud.scene() as azure:
        azure["storage"][ACCOUNT]["minimumTlsVersion"] = "TLS1_3"
        azure["storage"][ACCOUNT]["blob"]["deleteRetentionPolicy"]["days"] = 90
    assert bootstrap(cloud, *STATE, parts=("state",)).err.endswith("Nothing to change.\n")


def test_a_name_that_somebody_else_has_is_told_with_the_setting_to_change(cloud: Cloud) -> None:
    with cloud.scene() as azure:
        azure["taken"] = [ACCOUNT]
    ran = bootstrap(cloud, *STATE)
    assert ran.code == 1
    assert f"The storage account name {ACCOUNT} cannot be had (AlreadyExists)" in ran.err
    assert "`[backend] storage_account_name`" in ran.err


def test_two_environments_may_share_an_account(cloud: Cloud, stacks: Path, tmp_path: Path) -> None:
    out = tmp_path / "shared" / "stacks"
    for env in ("dev", "staging"):
        content = json.loads((stacks / f"aigateway-{env}" / "cdk.tf.json").read_text(encoding="utf-8"))
        content["terraform"]["backend"]["azurerm"] |= {
            "resource_group_name": "shared",
            "storage_account_name": "shared",
            "container_name": env,
        }
        (out / f"aigateway-{env}").mkdir(parents=True)
        (out / f"aigateway-{env}" / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")
    ran = bootstrap(cloud, env={"CDKTF_OUTDIR": str(out.parent)})
    assert ran.code == 0, ran.err
    state = cloud.state()
    assert list(state["storage"]) == ["shared"]
    assert state["storage"]["shared"]["containers"] == ["dev", "staging"]
    assert bootstrap(cloud, env={"CDKTF_OUTDIR": str(out.parent)}).err.endswith("Nothing to change.\n")


def test_a_group_that_is_there_is_used_wherever_it_lies(cloud: Cloud) -> None:
    with cloud.scene() as azure:
        scope = f"/subscriptions/{azure['default']}/resourceGroups/pvc-dev-aigateway-tfrg-san"
        azure["groups"]["pvc-dev-aigateway-tfrg-san"] = {"id": scope, "location": "westeurope"}
    ran = bootstrap(cloud, *STATE, parts=("state",))
    assert ran.code == 0, ran.err
    assert "found: resource group pvc-dev-aigateway-tfrg-san" in ran.err
    assert cloud.state()["storage"][ACCOUNT]["location"] == "southafricanorth"

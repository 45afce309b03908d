"""The resource groups in which the stacks lie."""

from pathlib import Path
from typing import Any

from tests.bootstrap.runs import ENVS, bootstrap, changed_stacks
from tests.cloud.az.azure import SUBSCRIPTION
from tests.cloud.fixtures import Cloud

DEV = ("--env", "dev")
GROUP = "pvc-dev-aigateway-rg-san"
TAGS = {"env": "dev", "project": "aigateway"}


def test_each_environment_has_its_group_with_the_tags_of_its_settings(all_prepared: Cloud) -> None:
    groups = all_prepared.state()["groups"]
    for env in ENVS:
        group = groups[f"pvc-{env}-aigateway-rg-san"]
        assert group["location"] == "southafricanorth"
        assert group["tags"] == {"env": env, "project": "aigateway"}


def test_tags_reach_azure_as_the_settings_have_them(cloud: Cloud, stacks: Path, tmp_path: Path) -> None:
    """In the stack they are escaped for Terraform."""

    def tag(_env: str, content: dict[str, Any]) -> None:
        content["resource"]["azurerm_container_app_environment"]["gateway"]["tags"]["$${a}"] = "b=%%{c} d"

    ran = bootstrap(cloud, *DEV, parts=("group",), env=changed_stacks(stacks, tmp_path / "tagged", tag))
    assert ran.code == 0, ran.err
    assert cloud.state()["groups"][GROUP]["tags"] == {**TAGS, "${a}": "b=%{c} d"}


def test_an_existing_group_stays_where_it_is_and_gets_only_missing_tags(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["groups"][GROUP] = {
            "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}",
            "location": "westeurope",
            "tags": {"ENV": "dev", "project": "other", "owner": "ada"},
        }
    ran = bootstrap(cloud, *DEV, parts=("group",))
    assert ran.code == 0, ran.err
    assert f"changed: resource group {GROUP}: tags project\n" in ran.err
    group = cloud.state()["groups"][GROUP]
    assert group["location"] == "westeurope"
    assert group["tags"] == {"ENV": "dev", "project": "aigateway", "owner": "ada"}
    assert bootstrap(cloud, *DEV, parts=("group",)).err.endswith("Nothing to change.\n")

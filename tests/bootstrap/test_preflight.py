"""Resource providers and regions, and all problems at once."""

from pathlib import Path
from typing import Any

from tests.bootstrap.runs import bootstrap, changed_stacks
from tests.cloud.fixtures import Cloud


def test_missing_resource_providers_are_registered(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["providers"] |= {"Microsoft.App": "NotRegistered", "Microsoft.Storage": "Registering"}
        azure["providers"]["Microsoft.CognitiveServices"] = "NotRegistered"  # which no stack needs
    ran = bootstrap(cloud, parts=("preflight",))
    assert ran.code == 0, ran.err
    assert [call.words[3] for call in cloud.changes()] == ["Microsoft.App", "Microsoft.Storage"]
    providers = cloud.state()["providers"]
    assert providers["Microsoft.App"] == providers["Microsoft.Storage"] == "Registered"
    assert "changed: Microsoft.App is registered" in ran.err


def test_a_region_without_container_apps_is_refused_with_the_others(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["container_apps_regions"] = ["West Europe", "East US"]
    ran = bootstrap(cloud, "--env", "dev")
    assert ran.code == 1
    assert "Container Apps is not available to this subscription in southafricanorth." in ran.err
    assert "Set `location` of dev to one of: East US, West Europe." in ran.err
    assert cloud.changes() == []


def test_all_problems_are_reported_at_once_before_any_change(cloud: Cloud) -> None:
    with cloud.edit() as azure:
        azure["allowed_to_create_apps"] = False
        azure["container_apps_regions"] = ["West Europe"]
        azure["providers"]["Microsoft.App"] = "NotRegistered"
        azure["role_assignments"] = []
    ran = bootstrap(cloud)
    assert ran.code == 1
    problems = [line for line in ran.err.splitlines() if line.startswith("- ")]
    assert len(problems) == 4 + 1 + 3  # rights, registrations, an environment each
    assert ran.err.endswith("Nothing was changed.\n")
    assert cloud.changes() == []


def test_the_command_that_checks_models_and_quota_is_named(cloud: Cloud, stacks: Path, tmp_path: Path) -> None:
    def make_account_in_dev(env: str, content: dict[str, Any]) -> None:
        if env == "dev":
            content["//"]["resource_providers"].append("Microsoft.CognitiveServices")

    environ = changed_stacks(stacks, tmp_path / "changed", make_account_in_dev)
    ran = bootstrap(cloud, parts=("preflight",), env=environ)
    assert ran.code == 0, ran.err
    notes = [line for line in ran.err.splitlines() if "scripts/preflight.py" in line]
    assert notes == ["  note: models and quota of dev: python3 scripts/preflight.py --env dev"]

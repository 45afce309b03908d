"""Resource providers and regions."""

from tests.bootstrap.runs import bootstrap
from tests.cloud.stand_ins import Cloud


def test_missing_providers_are_registered_and_waited_for(cloud: Cloud) -> None:
    with cloud.scene() as azure:
        azure["providers"] |= {"Microsoft.App": "NotRegistered", "Microsoft.Storage": "Registering"}
        azure["providers"]["Microsoft.CognitiveServices"] = "NotRegistered"  # which no stack needs
    ran = bootstrap(cloud, parts=("preflight",))
    assert ran.code == 0, ran.err
    assert [call.words[3] for call in cloud.changes()] == ["Microsoft.App", "Microsoft.Storage"]
    providers = cloud.state()["providers"]
    assert providers["Microsoft.App"] == providers["Microsoft.Storage"] == "Registered"
    assert "changed: Microsoft.App is registered" in ran.err


def test_a_region_without_container_apps_is_refused_with_those_that_have_them(cloud: Cloud) -> None:
    with cloud.scene() as azure:
        azure["container_apps_regions"] = ["West Europe", "East US"]
    ran = bootstrap(cloud, "--env", "dev")
    assert ran.code == 1
    assert "Container Apps is not available to this subscription in southafricanorth." in ran.err
    assert "Set `location` of dev to one of: East US, West Europe." in ran.err
    assert cloud.changes() == []

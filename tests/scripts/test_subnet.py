"""The preflight of an environment in somebody's subnet, against a stand-in of Azure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import preflight as script
from settings.loading import load_environment
from tests.cloud.az.azure import SUBSCRIPTION
from tests.cloud.fixtures import Cloud, Ran

SUBNET = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/their-network/providers/Microsoft.Network/virtualNetworks/theirs"
    "/subnets/gateway"
)
DELEGATED = [{"name": "environment", "serviceName": "Microsoft.App/environments"}]

Preflight = Callable[..., Ran]


def subnet(**changed: object) -> dict[str, Any]:
    """As `az network vnet show` has it."""
    return {"name": "gateway", "addressPrefix": "10.0.0.0/27", "delegations": DELEGATED, **changed}


@pytest.fixture
def preflight(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Preflight:
    """Of an environment with keys, so that there is nothing else to check; `networks` are those of the subscription."""
    with cloud.edit() as azure:
        azure["networks"] = [network()]

    def run(subnet_id: str = SUBNET) -> Ran:
        file = tmp_path / "dev.toml"
        file.write_text(f'env = "dev"\n[network]\ninfrastructure_subnet_id = "{subnet_id}"', encoding="utf-8")
        monkeypatch.setattr(script, "settings_of", lambda _: load_environment(file))
        return cloud.call(script.main, "--env", "dev")

    return run


def network(*subnets: dict[str, Any], location: str = "southafricanorth") -> dict[str, Any]:
    return {
        "name": "theirs",
        "resourceGroup": "their-network",
        "location": location,
        "subnets": [{"name": "other", "addressPrefix": "10.0.1.0/24"}, *(subnets or [subnet()])],
    }


def test_a_subnet_that_fits(preflight: Preflight) -> None:
    ran = preflight()
    assert ran.code == 0, ran.err
    assert "gateway in theirs" in ran.err


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (
            network(subnet(addressPrefix="10.0.0.0/28")),
            "is too small (10.0.0.0/28): an environment needs /27 or larger",
        ),
        (network(subnet(addressPrefix=None, addressPrefixes=["10.0.0.0/29"])), "is too small (10.0.0.0/29)"),
        (
            network(subnet(delegations=[])),
            "is not delegated to Microsoft.App/environments. Its owner runs:\n  az network",
        ),
        (
            network(subnet(delegations=[{"serviceName": "Microsoft.Web/serverFarms"}])),
            "is not delegated to Microsoft.App",
        ),
        (network(subnet(name="another")), "does not exist."),
        (network(location="westeurope"), "lies in westeurope, and the environment in southafricanorth"),
        ({**network(), "name": "others"}, "does not exist."),
    ],
)
def test_a_subnet_that_does_not_fit(cloud: Cloud, preflight: Preflight, found: dict[str, Any], problem: str) -> None:
    with cloud.edit() as azure:
        azure["networks"] = [found]
    ran = preflight()
    assert ran.code == 1
    assert f"- The subnet gateway in theirs {problem}" in ran.err
    assert "Nothing was changed." in ran.err


def test_a_subnet_of_another_subscription_is_not_checked(preflight: Preflight) -> None:
    ran = preflight(SUBNET.replace(SUBSCRIPTION, "00000000-0000-4000-8000-000000000000"))
    assert ran.code == 0, ran.err
    assert "theirs is in another subscription than the environment, and not checked" in ran.err


def test_a_network_that_the_login_may_not_read_is_not_checked(cloud: Cloud, preflight: Preflight) -> None:
    with cloud.edit() as azure:
        azure["role_assignments"] = []
    ran = preflight()
    assert ran.code == 0, ran.err
    assert "this login may not read theirs" in ran.err

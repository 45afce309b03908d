"""A subnet for the Container Apps environment, and its availability zones."""

import pytest

from settings.environment import EnvironmentSettings
from settings.errors import SettingsError
from settings.loading import load_environment, load_environments
from tests.settings.conftest import Refuses, WriteFile

GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/their-network"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/theirs"
SUBNET = f"{NETWORK}/subnets/gateway"
IN_A_SUBNET = f'[network]\ninfrastructure_subnet_id = "{SUBNET}"\n'
ZONES = f"{IN_A_SUBNET}zone_redundancy = true\n"


def subnet(text: str) -> str:
    return f'network.infrastructure_subnet_id = "{text}"'


@pytest.mark.parametrize(
    ("content", "field", "value", "allowed"),
    [
        (subnet("gateway"), "infrastructure_subnet_id", '"gateway"', "must be the id of a subnet, as `az network vnet"),
        (subnet(f"{SUBNET}/"), "infrastructure_subnet_id", '"/sub', "must be the id of a subnet, as"),
        (subnet(NETWORK), "infrastructure_subnet_id", '"/sub', "that of a Microsoft.Network/virtualNetworks$"),
        (
            subnet(f"{GROUP}/providers/Microsoft.KeyVault/vaults/theirs"),
            "infrastructure_subnet_id",
            '"/sub',
            r"a subnet \(Microsoft.Network/virtualNetworks/subnets\); this one is that of a Microsoft.KeyVault/vaults",
        ),
        (
            subnet(f"{NETWORK}/subnets/a b"),
            "infrastructure_subnet_id",
            '"/sub',
            "must end with the name of a subnet, which a b",
        ),
        ("network.infrastructure_subnet_id = 5", "infrastructure_subnet_id", "5", "must be the id of a subnet"),
        ('network.zone_redundancy = "yes"', "zone_redundancy", '"yes"', "must be true or false"),
        ("network.zone_redundancy = true", "zone_redundancy", "true", "infrastructure_subnet_id given: it needs a sub"),
        (
            f'location = "westus"\nlocation_short = "wus"\n{ZONES}',
            "zone_redundancy",
            "true",
            "must be false, or location a region with availability zones, which westus does not have. If Azure has it",
        ),
        ('network.subnet = "x"', "subnet", '"x"', "not a setting; allowed are infrastructure_subnet_id, zone_redundan"),
    ],
)
def test_a_network_that_cannot_be_is_refused(
    refuses: Refuses, content: str, field: str, value: str, allowed: str
) -> None:
    refuses(content, field=f"network.{field}", value=value, allowed=allowed)


@pytest.mark.parametrize(
    "content",
    [
        IN_A_SUBNET,
        f'location = "westus"\nlocation_short = "wus"\n{IN_A_SUBNET}',
        f'allow_unlisted_location = true\nlocation = "westus"\nlocation_short = "wus"\n{ZONES}',
        f'allow_unlisted_location = true\nlocation = "atlantis"\nlocation_short = "atl"\n{ZONES}',
    ],
)
def test_what_may_be_is_accepted(write: WriteFile, content: str) -> None:
    assert load_environment(write(f'env = "dev"\n{content}')).network.infrastructure_subnet_id == SUBNET


def test_an_id_is_written_as_azure_returns_it(write: WriteFile) -> None:
    """Terraform compares letter by letter, and another id replaces the environment."""
    lower = SUBNET.replace("resourceGroups", "resourcegroups").replace("virtualNetworks", "virtualnetworks")
    settings = load_environment(write(f'env = "dev"\n{subnet(lower.replace("Microsoft", "microsoft"))}'))

    assert settings.network.infrastructure_subnet_id == SUBNET


@pytest.mark.parametrize(
    ("env", "content", "replicas"),
    [
        ("prod", "", 1),
        ("prod", IN_A_SUBNET, 1),
        ("prod", ZONES, 2),
        ("prod", f"{ZONES}[scale]\nmax_replicas = 9", 2),
        ("prod", f"{ZONES}[scale]\nmin_replicas = 1", 1),
        ("dev", ZONES, 1),
    ],
)
def test_two_replicas_are_prods_default_in_several_zones(
    write: WriteFile, env: str, content: str, replicas: int
) -> None:
    assert load(write, env, content).scale.min_replicas == replicas


def test_a_variable_turns_it_on_too(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_NETWORK__INFRASTRUCTURE_SUBNET_ID", SUBNET)
    monkeypatch.setenv("AIGATEWAY_NETWORK__ZONE_REDUNDANCY", "true")
    monkeypatch.setenv("AIGATEWAY_SCALE__MAX_REPLICAS", "4")

    scale = load(write, "prod", "").scale
    assert (scale.min_replicas, scale.max_replicas) == (2, 4)


def test_one_replica_at_most_contradicts_that_default(write: WriteFile) -> None:
    with pytest.raises(SettingsError, match=r"scale.max_replicas = 1: must be at least scale.min_replicas, which is 2"):
        load(write, "prod", f"{ZONES}[scale]\nmax_replicas = 1")


def test_two_environments_may_not_share_a_subnet(write: WriteFile) -> None:
    write(f'env = "dev"\n{IN_A_SUBNET}')
    file = write(f'env = "prod"\n{IN_A_SUBNET.replace("theirs", "THEIRS")}', "prod.toml")

    with pytest.raises(SettingsError) as refusal:
        load_environments(file.parent)

    (mistake,) = refusal.value.mistakes
    assert mistake.startswith(f"{file}: network.infrastructure_subnet_id = ")
    assert mistake.endswith("must differ from that of dev.toml: each environment needs a subnet of its own")


def load(write: WriteFile, env: str, content: str) -> EnvironmentSettings:
    return load_environment(write(f'env = "{env}"\n{content}', f"{env}.toml"))

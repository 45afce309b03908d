"""The settings that the pages show are valid, and do what the pages say."""

import re
from pathlib import Path

import pytest

from constructs.alerts import RULES
from settings.environment import EnvironmentSettings
from settings.existing import WORKSPACE_FIELDS
from settings.loading import load_environment
from settings.naming import RESOURCE_TYPES
from settings.observability import Alerts
from settings.operations import KeyVault
from tests.docs.markdown import ROOT, anchors, fenced, read

NIL = "00000000-0000-0000-0000-000000000000"


def load(folder: Path, *blocks: str) -> EnvironmentSettings:
    """As an environment's file."""
    file = folder / "dev.toml"
    # The placeholders themselves are refused.
    text = "\n".join(['env = "dev"', *blocks]).replace("YOUR-", "our-").replace(NIL, NIL.replace("0", "1"))
    file.write_text(text, encoding="utf-8")
    return load_environment(file)


def test_a_further_region_is_one_table_more(tmp_path: Path) -> None:
    two, third = fenced(read(ROOT / "docs/regions.md"), "toml")
    before, after = load(tmp_path, two), load(tmp_path, two, third)
    assert [upstream.name for upstream in before.owned_upstreams] == ["swedencentral", "eastus2"]
    assert after.owned_upstreams[:2] == before.owned_upstreams
    assert [upstream.priority for upstream in after.owned_upstreams] == [1, 2, 3]
    assert after.is_keyless
    assert all(after.owned_upstreams[0].serves(model.deployment) for model in after.all_models)


def test_existing_accounts_with_and_without_a_key(tmp_path: Path) -> None:
    one, several = fenced(read(ROOT / "docs/keyless.md"), "toml")
    assert load(tmp_path, one).is_keyless
    settings = load(tmp_path, several)
    assert [settings.uses_key(upstream) for upstream in settings.all_upstreams] == [False, True]


def test_a_project_is_added_beside_the_one_that_keeps_its_keys(tmp_path: Path) -> None:
    (shown,) = fenced(read(ROOT / "docs/operate.md"), "toml")
    settings = load(tmp_path, shown)
    assert settings.default_project == load(tmp_path).default_project
    assert list(settings.all_projects) == [settings.default_project, "team"]


def test_an_environment_in_another_subscription_and_tenant(tmp_path: Path) -> None:
    _, shown = fenced(read(ROOT / "docs/deploy.md"), "toml")
    settings = load(tmp_path, shown)
    assert settings.subscription_id != settings.tenant_id


def test_an_environment_in_another_region_has_names_of_its_own(tmp_path: Path) -> None:
    (shown,) = fenced(read(ROOT / "docs/recovery.md"), "toml")
    prod, standby = load(tmp_path), load(tmp_path, shown)
    assert standby.scale.min_replicas == 0
    for kind in RESOURCE_TYPES:
        assert standby.naming.name(kind) != prod.naming.name(kind)


def test_existing_resources_are_named(tmp_path: Path) -> None:
    (shown,) = fenced(read(ROOT / "docs/existing.md"), "toml")
    settings = load(tmp_path, shown)
    assert None not in settings.existing.model_dump().values()
    assert settings.registry
    assert settings.registry.holds(settings.containers.image)


def test_existing_resources_have_the_settings_that_are_refused_beside_them() -> None:
    page = read(ROOT / "docs/existing.md")
    refused = {f"key_vault.{field}" for field in KeyVault.model_fields} | {
        f"logs.{field}" for field in WORKSPACE_FIELDS
    }
    assert not [field for field in refused if f"`{field}`" not in page]


def test_an_environment_in_somebodys_subnet_spans_zones(tmp_path: Path) -> None:
    (shown,) = fenced(read(ROOT / "docs/network.md"), "toml")
    network = load(tmp_path, shown).network
    assert network.infrastructure_subnet_id
    assert network.zone_redundancy


def test_alerts_have_receivers(tmp_path: Path) -> None:
    (shown,) = fenced(read(ROOT / "docs/alerts.md"), "toml")
    settings = load(tmp_path, shown)
    assert settings.observability.has_receivers
    assert settings.observability.budget


@pytest.mark.parametrize("rule", [*RULES, "web_test"])
def test_every_alert_has_an_entry_in_the_runbook(rule: str) -> None:
    page = ROOT / "docs/alerts.md"
    assert rule in anchors(page)
    (entry,) = re.findall(rf"^## {rule}\n(.*?)(?=^## |\Z)", read(page), re.MULTILINE | re.DOTALL)
    for part in ("**Means**", "**Look at**", "**Do**"):
        assert part in entry


def test_costs_has_the_price_of_the_default_alerts() -> None:
    # https://azure.microsoft.com/pricing/details/monitor/
    prices = {"PT5M": 1.5, "PT15M": 0.5, "PT1H": 0.5, "PT6H": 0.5}
    every = [rule.every for rule in RULES.values() if getattr(Alerts(), rule.threshold)]
    assert f"default rules: ${sum(prices[each] for each in every):.2f} a month" in read(ROOT / "docs/costs.md")


def test_queries_that_the_runbook_names_exist() -> None:
    named = set(re.findall(r"`(\w+)\.kql`", read(ROOT / "docs/alerts.md")))
    assert len(named) > 8
    assert not [name for name in sorted(named) if not (ROOT / f"queries/{name}.kql").is_file()]

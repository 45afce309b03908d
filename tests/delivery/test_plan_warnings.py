"""A plan that loses something, or cannot succeed, has a warning."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts.terraform.attribute_changes import AttributeChange
from scripts.terraform.plan import Plan
from scripts.terraform.plan_changes import Action, ResourceChange, resource_changes
from scripts.terraform.plan_warnings import plan_warnings


def change(kind: str, action: Action, *attributes: str, name: str = "gateway") -> ResourceChange:
    """Of a resource, and of these attributes."""
    found = tuple(AttributeChange(attribute, "7 → 90") for attribute in attributes)
    return ResourceChange(address=f"{kind}.{name}", resource_type=kind, action=action, attributes=found)


@pytest.fixture
def kinds(known_stacks: Path, optional_stacks: Path) -> set[str]:
    """Every type of resource that a stack can have."""
    files = (known_stacks / "aigateway-dev/cdk.tf.json", optional_stacks / "aigateway-complete/cdk.tf.json")
    return {kind for file in files for kind in json.loads(file.read_bytes())["resource"]}


@pytest.mark.parametrize("action", [Action.DESTROY, Action.REPLACE])
def test_each_type_of_resource_of_a_stack_has_its_own_warning(kinds: set[str], action: Action) -> None:
    for kind in kinds:
        [text] = plan_warnings([change(kind, action)])
        assert kind not in text


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
def test_what_loses_nothing_is_no_warning(kinds: set[str], action: Action) -> None:
    assert plan_warnings([change(kind, action, "tags") for kind in kinds]) == ()


@pytest.mark.parametrize(
    ("kind", "action", "word"),
    [
        ("azurerm_cognitive_account", Action.REPLACE, "no model in that region"),
        ("azurerm_container_app", Action.DESTROY, "address stops answering"),
        ("azurerm_container_app_environment", Action.REPLACE, "new address"),
        ("azurerm_key_vault", Action.DESTROY, "unless somebody purges it"),
        ("azurerm_key_vault", Action.REPLACE, "delete and purge the old one"),
        ("azurerm_log_analytics_workspace", Action.DESTROY, "Deletes the logs"),
        ("azurerm_user_assigned_identity", Action.REPLACE, "roles"),
    ],
)
def test_a_warning_says_what_is_lost(kind: str, action: Action, word: str) -> None:
    assert word in plan_warnings([change(kind, action)])[0]


def test_a_resource_of_another_type_is_named() -> None:
    assert plan_warnings([change("azurerm_other", Action.DESTROY)]) == ("Deletes azurerm_other.gateway.",)


def test_secrets_that_are_written_again_have_one_warning_with_their_names() -> None:
    kind = "azurerm_key_vault_secret"
    raised = [change(kind, Action.UPDATE, "value_wo_version", name=name) for name in ("gateway_key", "inner_key")]
    [text] = plan_warnings([*raised, change(kind, Action.UPDATE, "tags.env", name="other")])
    assert "gateway_key, inner_key." in text
    assert "The keys of clients keep the values of the vault" in text


def test_a_retention_that_azure_cannot_change_is_a_warning() -> None:
    [text] = plan_warnings([change("azurerm_key_vault", Action.UPDATE, "soft_delete_retention_days", "tags.env")])
    assert "every deployment fails until the setting has its old value again" in text
    assert "(7 → 90)" in text
    other = [
        change("azurerm_storage_account", Action.UPDATE, "soft_delete_retention_days"),
        change("azurerm_key_vault", Action.UPDATE, "tags.env"),
    ]
    assert plan_warnings(other) == ()


@pytest.mark.parametrize(("before", "after", "warns"), [(True, False, True), (True, None, True), (False, True, False)])
def test_purge_protection_that_nobody_can_turn_off_is_a_warning(
    *, before: bool, after: bool | None, warns: bool
) -> None:
    """The provider plans it, and fails when it applies it."""
    values = {"before": {"purge_protection_enabled": before}, "after": {"purge_protection_enabled": after}}
    vault = {"address": "azurerm_key_vault.gateway", "type": "azurerm_key_vault"}
    plan = {"resource_changes": [{**vault, "change": {"actions": ["update"], **values}}]}
    texts = plan_warnings(resource_changes(plan))
    assert ["cannot turn off purge protection" in text for text in texts] == [True] * warns


@pytest.mark.parametrize(
    ("actions", "start", "warns"),
    [
        (["create"], "2026-11-01", True),
        (["delete", "create"], "2026-11-01", True),
        (["create"], "2026-12-01", False),
        (["create"], "2027-12-01", False),
        (["create"], "2028-01-01", True),
        (["update"], "2026-11-01", False),
        (["no-op"], "2026-11-01", False),
    ],
)
def test_a_budget_that_azure_would_not_create_is_a_warning_and_no_deployment(
    monkeypatch: pytest.MonkeyPatch, actions: list[str], start: str, *, warns: bool
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(datetime(2026, 12, 31, 23, tzinfo=UTC).timestamp())))
    kind = "azurerm_consumption_budget_resource_group"
    after = {"name": "b", "time_period": [{"start_date": f"{start}T00:00:00Z"}]}
    change = {"actions": actions, "before": None if actions == ["create"] else after, "after": after}
    others = {"address": "a.b", "type": "a", "change": {"actions": ["no-op"]}}
    plan = {"resource_changes": [{"address": f"{kind}.gateway", "type": kind, "change": change}, others]}
    planned = Plan.from_json("dev", plan)
    texts = [text for text in planned.warnings if "no budget" in text]
    assert [*planned.failures.values()] == texts
    assert [f"begins on {start}" in text and "start is 2026-12-01" in text for text in texts] == [True] * warns

"""What a plan takes away is told in words."""

import json
from pathlib import Path

import pytest

from scripts.terraform.changes import Action, Change
from scripts.terraform.consequences import warnings
from scripts.terraform.differences import Difference
from tests.synth.stack import stack_file


def change(kind: str, action: Action, *attributes: str, name: str = "gateway") -> Change:
    """A resource's."""
    found = tuple(Difference(attribute, "1 → 2") for attribute in attributes)
    return Change(address=f"{kind}.{name}", kind=kind, action=action, differences=found)


@pytest.fixture
def kinds(synthesized_dev: Path) -> list[str]:
    """Every type of resource that a stack has."""
    return list(json.loads(synthesized_dev.read_bytes())["resource"])


@pytest.fixture
def synthesized_dev(stacks: Path) -> Path:
    return stack_file(folder=stacks.parent, env="dev")


@pytest.mark.parametrize("action", [Action.DESTROYED, Action.REPLACED])
def test_each_resource_of_a_stack_has_words_of_its_own(kinds: list[str], action: Action) -> None:
    for kind in kinds:
        [text] = warnings([change(kind, action)])
        assert kind not in text


@pytest.mark.parametrize("action", [Action.CREATED, Action.CHANGED])
def test_what_takes_nothing_away_is_no_warning(kinds: list[str], action: Action) -> None:
    assert warnings([change(kind, action, "tags") for kind in kinds]) == ()


@pytest.mark.parametrize(
    ("kind", "action", "word"),
    [
        ("azurerm_container_app", Action.DESTROYED, "address answers no more"),
        ("azurerm_container_app_environment", Action.REPLACED, "address is another one"),
        ("azurerm_key_vault", Action.DESTROYED, "purge protection"),
        ("azurerm_key_vault", Action.REPLACED, "soft delete"),
        ("azurerm_log_analytics_workspace", Action.DESTROYED, "logs go"),
        ("azurerm_resource_group", Action.DESTROYED, "all of this environment"),
        ("azurerm_user_assigned_identity", Action.REPLACED, "roles"),
    ],
)
def test_the_words_say_what_is_lost(kind: str, action: Action, word: str) -> None:
    assert word in warnings([change(kind, action)])[0]


def test_a_resource_that_nobody_knows_is_named() -> None:
    assert warnings([change("azurerm_other", Action.DESTROYED)]) == ("azurerm_other.gateway goes.",)


def test_secrets_that_are_written_anew_are_told_once_with_their_names() -> None:
    kind = "azurerm_key_vault_secret"
    raised = [change(kind, Action.CHANGED, "value_wo_version", name=name) for name in ("gateway_key", "inner_key")]
    [text] = warnings([*raised, change(kind, Action.CHANGED, "tags.env", name="other")])
    assert "gateway_key, inner_key." in text
    assert "The keys of clients stay as the vault has them" in text

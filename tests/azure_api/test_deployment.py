"""A deployment by the functions of deploy.py and plan.py with the cdktf CLI, and which identity may do what."""

import pytest

from scripts.cli.error_handling import ScriptError
from scripts.terraform.plan import plan
from scripts.terraform.plan_changes import Action
from tests.azure_api.conftest import MakeEnvironment
from tests.azure_api.environment import Environment
from tests.azure_api.synthesis import Patch
from tests.fixed_environments import ENVIRONMENTS

pytestmark = pytest.mark.provider

MAX_LINES = 200
"""Of Terraform's own plan of a project more."""


def test_from_a_first_deployment_on(make_environment: MakeEnvironment) -> None:
    """In one test: a new vault takes the provider two minutes."""
    patches: dict[str, Patch] = {
        "project": {"projects": {"team": {"default": True}, "blue": {}}},
        "retention": {"key_vault": {"soft_delete_retention_days": 30}},
    }
    dev = make_environment(ENVIRONMENTS / "dev.toml", patches)
    dev.deploy()
    assert plan(dev.stack).title == "Plan for dev: no changes"
    check_a_long_change_is_short_to_read(dev)
    check_the_planning_identity(dev)
    check_the_reading_identity(dev)
    check_the_retention_of_a_vault(dev)
    dev.sign_in("deploy")
    dev.deploy("project")
    assert plan(dev.stack).is_empty
    dev.destroy()


def check_a_long_change_is_short_to_read(dev: Environment) -> None:
    dev.use("project")
    lines = dev.terraform("plan", "-lock=false").splitlines()
    assert "gateway_key_blue" in "\n".join(lines)
    assert len(lines) < MAX_LINES


def check_the_planning_identity(dev: Environment) -> None:
    """Of pull requests: what the state tells, and no secret."""
    dev.sign_in("plan")
    changes = {change.address: change.action for change in plan(dev.stack, refresh=False, needs_state=False).changes}
    assert changes["azurerm_key_vault_secret.gateway_key_blue"] is Action.CREATE
    assert changes["azurerm_container_app.gateway"] is Action.UPDATE
    with pytest.raises(ScriptError, match="Forbidden"):
        dev.plan()
    check_nothing_can_be_changed(dev)


def check_the_reading_identity(dev: Environment) -> None:
    """Of the drift check and of plans before a deployment: all that Azure tells."""
    dev.use("original")
    dev.sign_in("read")
    assert plan(dev.stack).is_empty
    check_nothing_can_be_changed(dev)


def check_nothing_can_be_changed(dev: Environment) -> None:
    with pytest.raises(ScriptError, match="403"):
        dev.apply("project")
    assert dev.changes() == []
    assert not dev.state.lease


def check_the_retention_of_a_vault(dev: Environment) -> None:
    """The provider plans what Azure refuses, so the plan's warning has to say it."""
    dev.sign_in("deploy")
    dev.use("retention")
    assert "cannot change soft_delete_retention_days" in " ".join(dev.plan().warnings)
    with pytest.raises(ScriptError, match="cannot be modified"):
        dev.apply("retention")


def test_no_right_in_another_environment(make_environment: MakeEnvironment) -> None:
    make_environment(ENVIRONMENTS / "dev.toml", {})
    staging = make_environment(ENVIRONMENTS / "staging.toml", {})
    staging.sign_in("deploy", of="dev")
    with pytest.raises(ScriptError, match="403"):
        staging.apply()
    assert staging.changes() == []

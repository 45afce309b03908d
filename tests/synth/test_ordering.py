"""A first deployment succeeds in one run: nothing asks the vault or a model before roles have had minutes to settle."""

from tests.synth.stack import Stack

ROLE = "azurerm_role_assignment.secrets_reader"
ENVIRONMENT = "azurerm_container_app_environment.gateway"
APP = "azurerm_container_app.gateway"


def _secrets(stack: Stack) -> set[str]:
    return {address for address in stack.resources if address.startswith("azurerm_key_vault_secret.")}


def test_the_environment_takes_its_minutes_after_the_roles(any_stack: Stack) -> None:
    roles = {address for address in any_stack.resources if address.startswith("azurerm_role_assignment.")}
    assert ROLE in roles
    assert any_stack.dependencies[ENVIRONMENT] >= roles


def test_the_app_comes_after_every_model_that_it_calls(any_stack: Stack) -> None:
    deployments = {address for address in any_stack.resources if address.startswith("azurerm_cognitive_")}
    assert any_stack.dependencies[APP] >= deployments


def test_a_secret_that_may_leave_does_so_after_the_update_of_the_app(any_stack: Stack) -> None:
    """What it depends on inherits `create_before_destroy`, with which Azure refuses a replacement of the same name."""
    for secret in _secrets(any_stack):
        assert any_stack.resources[secret]["lifecycle"] == {"create_before_destroy": True}
        inherits = {address for address in any_stack.dependencies[secret] if not address.startswith("data.")}
        assert inherits <= {"azurerm_key_vault.gateway"}


def test_the_app_comes_after_every_secret(stack: Stack) -> None:
    assert stack.dependencies[APP] >= _secrets(stack) | {ROLE, ENVIRONMENT}


def test_nothing_else_touches_a_secret(stack: Stack) -> None:
    touching = {address for address, before in stack.dependencies.items() if before & _secrets(stack)}
    assert touching == {APP}


def test_the_role_waits_for_nothing_that_waits_for_it(stack: Stack) -> None:
    assert stack.dependencies[ROLE] == {
        "data.azurerm_resource_group.gateway",
        "azurerm_key_vault.gateway",
        "azurerm_user_assigned_identity.gateway",
        "data.azurerm_client_config.caller",
    }

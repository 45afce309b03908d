"""A first deployment succeeds in one run: nothing asks the vault before its roles have had minutes to settle."""

from tests.synth.stack import Stack

ROLES = {"azurerm_role_assignment.secrets_reader", "azurerm_role_assignment.secrets_writer"}
ENVIRONMENT = "azurerm_container_app_environment.gateway"
APP = "azurerm_container_app.gateway"


def _secrets(stack: Stack) -> set[str]:
    return {address for address in stack.resources if address.startswith("azurerm_key_vault_secret.")}


def test_the_environment_takes_its_minutes_after_the_roles(stack: Stack) -> None:
    assert stack.dependencies[ENVIRONMENT] >= ROLES


def test_secrets_are_written_after_the_environment(stack: Stack) -> None:
    assert _secrets(stack)
    for secret in _secrets(stack):
        assert stack.dependencies[secret] >= ROLES | {ENVIRONMENT}


def test_the_app_comes_after_every_secret(stack: Stack) -> None:
    assert stack.dependencies[APP] >= _secrets(stack) | ROLES | {ENVIRONMENT}


def test_nothing_else_touches_a_secret(stack: Stack) -> None:
    touching = {address for address, before in stack.dependencies.items() if before & _secrets(stack)}
    assert touching == {APP}


def test_the_roles_wait_for_nothing_that_waits_for_them(stack: Stack) -> None:
    for role in ROLES:
        assert stack.dependencies[role] <= {
            "azurerm_resource_group.gateway",
            "azurerm_key_vault.gateway",
            "azurerm_user_assigned_identity.gateway",
            "data.azurerm_client_config.deployer",
        }

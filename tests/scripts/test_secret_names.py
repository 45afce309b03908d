"""Names of secrets, as the stacks have them."""

import json
from pathlib import Path

import pytest

from settings.secret_names import SecretName, azure_key, gateway_key


def test_every_variable_is_in_the_vault_under_the_name_that_it_is_looked_for(stacks: Path) -> None:
    content = json.loads((stacks / "aigateway-dev/cdk.tf.json").read_text(encoding="utf-8"))
    kept = {name: secret["name"] for name, secret in content["resource"]["azurerm_key_vault_secret"].items()}
    assert kept.keys() >= content["variable"].keys()
    assert {name: SecretName(name=name).vault_secret for name in kept} == kept
    assert {gateway_key().name, gateway_key(is_second=True).name} <= content["variable"].keys()


@pytest.mark.parametrize(
    ("secret", "names"),
    [
        (gateway_key(), ("TF_VAR_gateway_key", "AIGATEWAY_KEY", "gateway-key")),
        (
            gateway_key("code-search", is_second=True),
            (
                "TF_VAR_gateway_key_code_search_secondary",
                "AIGATEWAY_KEY_CODE_SEARCH_SECONDARY",
                "gateway-key-code-search-secondary",
            ),
        ),
        (azure_key("west-europe"), ("TF_VAR_west_europe_api_key", "WEST_EUROPE_API_KEY", "west-europe-api-key")),
    ],
)
def test_a_secret_has_one_name_at_each_place(secret: SecretName, names: tuple[str, str, str]) -> None:
    assert (secret.environ, secret.github_secret, secret.vault_secret) == names

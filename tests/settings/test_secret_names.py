"""Names of secrets, as the stacks have them."""

import hashlib
import json
from pathlib import Path

import pytest

from settings.secret_names import (
    RANDOM,
    SecretName,
    SecretValue,
    azure_key,
    derived_second_key,
    gateway_key,
    gateway_key_value,
    inner_key_value,
)


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


VALUES = [
    (SecretValue(variable="a_key"), "${var.a_key}"),
    (gateway_key_value("b", is_second=True), None),
    (inner_key_value(), '${sha256("inner:${uuid()}")}'),
]


@pytest.mark.parametrize(("value", "expression"), VALUES)
def test_the_expression_of_a_value_is_read_as_it_was_written(value: SecretValue, expression: str | None) -> None:
    assert SecretValue.parse(value.expression) == value
    assert expression in (None, value.expression)


@pytest.mark.parametrize(
    "expression",
    [
        "${upper(var.x)}",
        "${var.x}-",
        '${sha256("salt")}',
        '${sha256("salt:${local.x}")}',
        "${a.b.c}",
        "${uuid()}",
        "plain",
        "",
    ],
)
def test_another_expression_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="is neither a variable nor derived from one"):
        SecretValue.parse(expression)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_hash_is_terraforms_sha256() -> None:
    value = SecretValue(derived_from=("v", "w"), salt="s")
    assert value.resolve({"v": "é", "w": "a"}) == sha256("s:é:a")
    assert (value.required, value.optional) == (("v", "w"), None)


def test_the_inner_key_is_none_that_a_client_or_a_reader_of_the_state_can_compute() -> None:
    value = inner_key_value()
    assert value.required == (RANDOM,)
    assert value.resolve({RANDOM: "r"}) == sha256("inner:r")


@pytest.mark.parametrize("given", [{}, {"gateway_key_b_secondary": ""}])
def test_a_second_key_that_is_unset_is_derived_from_the_first(given: dict[str, str]) -> None:
    value = gateway_key_value("b", is_second=True)
    assert value.resolve({"gateway_key_b": "é", **given}) == sha256("secondary:é") == derived_second_key("é")
    assert value.resolve({"gateway_key_b": "é", "gateway_key_b_secondary": "mine"}) == "mine"
    assert (value.required, value.optional) == (("gateway_key_b",), "gateway_key_b_secondary")

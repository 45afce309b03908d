"""What the runner reads out of a synthesized stack."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.runner.errors import RunnerError
from local.runner.stack import read_stack
from settings.secret_names import RANDOM, SecretValue, gateway_key_value, inner_key_value


@pytest.fixture
def document(stacks: Path) -> dict[str, Any]:
    """The dev stack, to be spoilt."""
    document: dict[str, Any] = json.loads((stacks / "aigateway-dev/cdk.tf.json").read_text())
    return document


def write(document: object, folder: Path) -> Path:
    file = folder / "stacks/aigateway-dev/cdk.tf.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(document))
    return file


@pytest.mark.parametrize("env", ["dev", "staging", "prod"])
def test_both_containers_are_read_with_their_secrets(known_stacks: Path, env: str) -> None:
    stack = read_stack(known_stacks / f"aigateway-{env}/cdk.tf.json")
    assert stack.gateway.secrets == {
        "GATEWAY_KEY": gateway_key_value(),
        "GATEWAY_KEY_SECONDARY": gateway_key_value(is_second=True),
        "INNER_KEY": inner_key_value(),
        "AZURE_OPENAI_API_KEY": SecretValue(variable="azure_openai_api_key"),
    }
    assert stack.litellm.secrets["LITELLM_MASTER_KEY"] == stack.gateway.secrets["INNER_KEY"]
    assert sorted(stack.variables) == ["azure_openai_api_key", "gateway_key", RANDOM]
    assert stack.optional_variables == ("gateway_key_secondary",)
    assert [project["name"] for project in stack.projects] == ["default"]
    assert [upstream.name for upstream in stack.upstreams] == ["azure-openai"]
    assert [model["kind"] for model in stack.models] == ["responses", "embeddings"]
    assert stack.gateway.readiness == "/health/readiness"


def test_terraforms_escapes_are_undone(document: dict[str, Any], tmp_path: Path) -> None:
    container = document["resource"]["azurerm_container_app"]["gateway"]["template"]["container"][0]
    container["env"].append({"name": "X", "value": "$${a} %%{b} $c 100%"})
    container["command"].append("f$${x}")
    gateway = read_stack(write(document, tmp_path)).gateway
    assert gateway.env["X"] == "${a} %{b} $c 100%"
    assert gateway.command[-1] == "f${x}"


def test_regions_and_projects_are_read_in_their_order(regions_stack: Path) -> None:
    stack = read_stack(regions_stack)
    assert [(upstream.name, upstream.key_env, upstream.priority) for upstream in stack.upstreams] == [
        ("first", "FIRST_API_KEY", 1),
        ("second", "SECOND_API_KEY", 2),
        ("third", "THIRD_API_KEY", 3),
    ]
    assert [project["key_envs"] for project in stack.projects] == [
        ["GATEWAY_KEY", "GATEWAY_KEY_SECONDARY"],
        ["GATEWAY_KEY_OTHER", "GATEWAY_KEY_OTHER_SECONDARY"],
        ["GATEWAY_KEY_FEW_REQUESTS", "GATEWAY_KEY_FEW_REQUESTS_SECONDARY"],
        ["GATEWAY_KEY_EXHAUSTED", "GATEWAY_KEY_EXHAUSTED_SECONDARY"],
        ["GATEWAY_KEY_FEW_TOKENS", "GATEWAY_KEY_FEW_TOKENS_SECONDARY"],
        ["GATEWAY_KEY_BACKGROUND", "GATEWAY_KEY_BACKGROUND_SECONDARY"],
        ["GATEWAY_KEY_QUERIES", "GATEWAY_KEY_QUERIES_SECONDARY"],
        ["GATEWAY_KEY_SMALL", "GATEWAY_KEY_SMALL_SECONDARY"],
    ]
    assert set(stack.variables) == {
        "gateway_key",
        "gateway_key_other",
        "gateway_key_few_requests",
        "gateway_key_exhausted",
        "gateway_key_few_tokens",
        "gateway_key_background",
        "gateway_key_queries",
        "gateway_key_small",
        "first_api_key",
        "second_api_key",
        "third_api_key",
        RANDOM,
    }
    assert set(stack.optional_variables) == {
        "gateway_key_secondary",
        "gateway_key_other_secondary",
        "gateway_key_few_requests_secondary",
        "gateway_key_exhausted_secondary",
        "gateway_key_few_tokens_secondary",
        "gateway_key_background_secondary",
        "gateway_key_queries_secondary",
        "gateway_key_small_secondary",
    }


def test_a_stack_that_is_not_there_is_told_with_those_that_are(stacks: Path) -> None:
    with pytest.raises(RunnerError, match="aigateway-dev, aigateway-prod, aigateway-staging"):
        read_stack(stacks / "aigateway-qa/cdk.tf.json")


def test_a_file_that_is_not_json_is_told(tmp_path: Path) -> None:
    file = write({}, tmp_path)
    file.write_text("{")
    with pytest.raises(RunnerError, match="is not JSON"):
        read_stack(file)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda resources: resources.pop("azurerm_container_app"),
        lambda resources: resources["azurerm_key_vault_secret"]["gateway_key"].update(value_wo="${upper(var.x)}"),
        lambda resources: resources["azurerm_container_app"]["gateway"]["secret"][0].update(key_vault_secret_id="x"),
        lambda resources: resources["azurerm_container_app"]["gateway"]["template"]["container"].pop(0),
    ],
)
def test_a_stack_of_another_shape_is_told(document: dict[str, Any], tmp_path: Path, spoil: Any) -> None:  # noqa: ANN401
    spoil(document["resource"])
    with pytest.raises(RunnerError, match="does not describe a gateway"):
        read_stack(write(document, tmp_path))

"""What the runner reads out of a synthesized stack."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from local.runner.errors import RunnerError
from local.runner.stack import Secret, read_stack


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
def test_both_containers_are_read_with_their_secrets(stacks: Path, env: str) -> None:
    stack = read_stack(stacks / f"aigateway-{env}/cdk.tf.json")
    assert stack.gateway.secrets == {
        "GATEWAY_KEY": Secret(variable="gateway_key", is_hashed=False),
        "INNER_KEY": Secret(variable="gateway_key", is_hashed=True),
        "AZURE_OPENAI_API_KEY": Secret(variable="azure_openai_api_key", is_hashed=False),
    }
    assert stack.litellm.secrets["LITELLM_MASTER_KEY"] == Secret(variable="gateway_key", is_hashed=True)
    assert stack.variables == ("gateway_key", "azure_openai_api_key")
    assert [model["kind"] for model in stack.models] == ["responses", "embeddings"]
    assert stack.gateway.readiness == "/health/readiness"


def test_terraforms_escapes_are_undone(document: dict[str, Any], tmp_path: Path) -> None:
    container = document["resource"]["azurerm_container_app"]["gateway"]["template"]["container"][0]
    container["env"].append({"name": "X", "value": "$${a} %%{b} $c 100%"})
    container["command"].append("f$${x}")
    gateway = read_stack(write(document, tmp_path)).gateway
    assert gateway.env["X"] == "${a} %{b} $c 100%"
    assert gateway.command[-1] == "f${x}"


def test_a_hash_is_terraforms_sha256() -> None:
    secret = Secret(variable="v", is_hashed=True)
    assert secret.value({"v": "é"}) == hashlib.sha256("é".encode()).hexdigest()


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

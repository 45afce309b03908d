"""A secret goes from a variable through the vault into an environment variable, and is nowhere else."""

import json
import re
from pathlib import Path

from gateway.archive import SOURCE, unpack
from gateway.secrets import build_secrets
from local.runner.stack import unescape
from tests.synth.conftest import CANARIES, Synthesize
from tests.synth.stack import ROOT, Stack, strings

REGIONS = ROOT / "tests/gateway/environments/regions.toml"
KEYLESS = ROOT / "tests/gateway/environments/keyless.toml"
KEY_LIKE = re.compile(r"\bsk-\w{16,}|\b[0-9a-fA-F]{32,}\b|\b(?=\w*\d)(?=\w*[a-z])(?=\w*[A-Z])[A-Za-z0-9]{40,}\b")
OWN_EMBEDDINGS = """\
env = "own"
[embeddings]
endpoint = "https://embeddings.openai.azure.com"
"""


def _values(stack: Stack) -> dict[str, str]:
    secrets = stack.document["resource"]["azurerm_key_vault_secret"].values()
    return {secret["name"]: secret["value_wo"] for secret in secrets}


def test_variables_are_kept_out_of_state_plan_and_screen(known_stack: Stack) -> None:
    variables = known_stack.document["variable"]
    assert variables.keys() == {"gateway_key", "gateway_key_secondary", "azure_openai_api_key"}
    for name, variable in variables.items():
        assert (variable["ephemeral"], variable["sensitive"], variable["nullable"]) == (True, True, False)
        assert variable["type"] == "string"
        assert f"TF_VAR_{name}" in variable["description"]


def test_a_second_key_alone_may_be_left_unset(known_stack: Stack) -> None:
    defaults = {name: variable.get("default") for name, variable in known_stack.document["variable"].items()}
    assert defaults == {"gateway_key": None, "gateway_key_secondary": "", "azure_openai_api_key": None}


def test_an_empty_variable_is_refused(stack: Stack) -> None:
    for name, variable in stack.document["variable"].items():
        [validation] = variable["validation"]
        unset = f'var.{name} == "" || ' if name.endswith("_secondary") else ""
        assert validation["condition"] == f'${{{unset}trimspace(var.{name}) != ""}}'
        assert name in validation["error_message"]


def test_the_vault_gets_the_variables_and_what_is_derived_from_them(known_stack: Stack) -> None:
    assert _values(known_stack) == {
        "gateway-key": "${var.gateway_key}",
        "gateway-key-secondary": '${coalesce(var.gateway_key_secondary, sha256("secondary:${var.gateway_key}"))}',
        "inner-key": '${sha256("inner:${uuid()}")}',
        "azure-openai-api-key": "${var.azure_openai_api_key}",
    }


def test_without_a_key_of_azure_there_is_nothing_of_one(synthesize_files: Synthesize) -> None:
    stack = synthesize_files({"keyless.toml": KEYLESS.read_text(encoding="utf-8")})["keyless"]
    assert stack.document["variable"].keys() == {"gateway_key", "gateway_key_secondary"}
    assert _values(stack).keys() == {"gateway-key", "gateway-key-secondary", "inner-key"}
    gateway, litellm = ({entry["name"]: entry for entry in container["env"]} for container in stack.containers)
    assert [name for name in gateway if name.endswith("KEY")] == ["INNER_KEY", "GATEWAY_KEY"]
    assert gateway["AZURE_CLIENT_ID"]["value"] == "${azurerm_user_assigned_identity.gateway.client_id}"
    assert [name for name in litellm if name.endswith("KEY")] == ["LITELLM_MASTER_KEY"]
    assert not {"AZURE_CLIENT_ID", "APPLICATIONINSIGHTS_CONNECTION_STRING"} & litellm.keys()
    assert not re.search("API_KEY|api-key", json.dumps(stack.document))


def test_each_region_and_each_project_has_secrets_of_its_own_in_an_order_that_stays(
    synthesize_files: Synthesize,
) -> None:
    stack = synthesize_files({"regions.toml": REGIONS.read_text(encoding="utf-8")})["regions"]
    names = [secret["name"] for secret in stack.app["secret"]]
    assert names == [secret.name for secret in build_secrets(stack.settings)]
    expected = 1 + len(stack.settings.upstreams) + 2 * len(stack.settings.projects)  # the inner key
    assert len(names) == len(set(names)) == expected
    assert _values(stack)["second-api-key"] == "${var.second_api_key}"
    assert _values(stack)["gateway-key-small"] == "${var.gateway_key_small}"
    assert (
        _values(stack)["gateway-key-small-secondary"]
        == '${coalesce(var.gateway_key_small_secondary, sha256("secondary:${var.gateway_key_small}"))}'
    )
    gateway, litellm = stack.containers
    used = {entry["name"]: entry["secret_name"] for entry in gateway["env"] if "secret_name" in entry}
    assert used["GATEWAY_KEY_SMALL_SECONDARY"] == "gateway-key-small-secondary"
    assert used["THIRD_API_KEY"] == "third-api-key"
    assert {entry["secret_name"] for entry in litellm["env"] if "secret_name" in entry} == {"inner-key"}


def _in_any_order(value: object) -> object:
    """A document without the order of its lists, of which one is in the gateway's configuration."""
    if isinstance(value, dict):
        return {key: _in_any_order(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((_in_any_order(inner) for inner in value), key=json.dumps)
    return _in_any_order(json.loads(value)) if isinstance(value, str) and value.startswith("{\n") else value


def test_the_order_of_the_projects_changes_nothing_but_the_order(synthesize_files: Synthesize) -> None:
    default, other, third = "[projects.team]\ndefault = true\n", "[projects.other]\n", "[projects.third]\n"
    orders = {"one": [default, other, third], "two": [third, other, default]}
    top = 'env = "{0}"\nbackend.storage_account_name = "pvcstate{0}"\n'  # its default has a checksum of the name
    stacks = synthesize_files({f"{env}.toml": "".join([top.format(env), *tables]) for env, tables in orders.items()})
    one, two = (json.loads(json.dumps(stack.document).replace("two", "one")) for stack in stacks.values())
    assert one != two
    assert _in_any_order(one) == _in_any_order(two)
    for stack in stacks.values():
        config = next(entry["value"] for entry in stack.containers[0]["env"] if entry["name"] == "GATEWAY_CONFIG")
        owners = {project["name"]: project["key_envs"][0] for project in json.loads(unescape(config))["projects"]}
        assert owners == {"team": "GATEWAY_KEY", "other": "GATEWAY_KEY_OTHER", "third": "GATEWAY_KEY_THIRD"}


def test_secrets_are_written_without_leaving_a_trace_and_again_when_the_version_rises(stack: Stack) -> None:
    for secret in stack.document["resource"]["azurerm_key_vault_secret"].values():
        assert "value" not in secret
        assert secret["value_wo_version"] == stack.settings.secrets_version
        assert secret["key_vault_id"] == "${azurerm_key_vault.gateway.id}"
        assert secret["content_type"] == "text/plain"


def test_embeddings_of_their_own_bring_a_variable_and_a_secret_of_their_own(synthesize_files: Synthesize) -> None:
    stack = synthesize_files({"own.toml": OWN_EMBEDDINGS})["own"]
    assert stack.document["variable"]["azure_openai_embeddings_api_key"]["ephemeral"] is True
    assert _values(stack)["azure-openai-embeddings-api-key"] == "${var.azure_openai_embeddings_api_key}"
    gateway, litellm = stack.containers
    reference = {"name": "AZURE_OPENAI_EMBEDDINGS_API_KEY", "secret_name": "azure-openai-embeddings-api-key"}
    assert reference in gateway["env"]
    assert reference not in litellm["env"]


def test_the_app_reads_every_secret_of_the_vault_in_its_newest_version(stack: Stack) -> None:
    identity = "${azurerm_user_assigned_identity.gateway.id}"
    addresses = {
        secret["name"]: f"${{azurerm_key_vault_secret.{name}.versionless_id}}"
        for name, secret in stack.document["resource"]["azurerm_key_vault_secret"].items()
    }
    assert {secret["name"]: secret["key_vault_secret_id"] for secret in stack.app["secret"]} == addresses
    assert {secret["identity"] for secret in stack.app["secret"]} == {identity}
    assert {secret["value"] for secret in stack.app["secret"]} == {""}
    assert stack.app["identity"] == {"type": "UserAssigned", "identity_ids": [identity]}


def test_containers_refer_to_secrets_that_exist_and_use_all_of_them(stack: Stack) -> None:
    used = {
        entry["secret_name"] for container in stack.containers for entry in container["env"] if "secret_name" in entry
    }
    assert used == {secret["name"] for secret in stack.app["secret"]}


def test_no_key_is_a_plain_environment_variable(stack: Stack) -> None:
    for container in stack.containers:
        for entry in container["env"]:
            assert ("secret_name" in entry) != ("value" in entry)
            if entry["name"].endswith(("KEY", "TOKEN", "SECRET", "PASSWORD")):
                assert "secret_name" in entry, entry["name"]


def test_nothing_in_the_stack_looks_like_a_key(stack: Stack) -> None:
    image = stack.settings.containers.image
    (archive,) = (entry["value"] for entry in stack.containers[0]["env"] if entry["name"] == SOURCE)
    texts = [text for text in strings(stack.document) if text not in (image, archive)]
    source = [content.decode() for content in unpack(archive).values()]
    assert [text for text in texts + source if KEY_LIKE.search(text)] == []


def test_the_secrets_of_the_machine_are_in_no_file_that_is_written(synthesized: Path) -> None:
    files = [file for file in synthesized.rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert not [canary for canary in CANARIES.values() if canary in file.read_text(encoding="utf-8")]

"""A stack without keys, running: tokens of an identity instead, emulated or of the Azure CLI's user."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.runner.errors import RunnerError
from local.runner.identity import CLIENT_ID
from local.runner.processes import Process
from local.runner.session import Session, run
from tests.cloud.fixtures import Cloud
from tests.gateway.whole.azure_regions import eventually

SCOPE = "https://cognitiveservices.azure.com/.default"


def environment(process: Process) -> dict[str, str]:
    """That of a running process."""
    variables = Path(f"/proc/{process.popen.pid}/environ").read_text().split("\0")
    return dict(variable.split("=", 1) for variable in variables if variable)


def ask(session: Session) -> httpx.Response:
    headers = {"authorization": f"Bearer {session.key}"}
    body = {"model": "gpt-5.3-codex", "input": "hi"}
    return httpx.post(f"{session.base_url}/responses", json=body, headers=headers, timeout=60, trust_env=False)


def control(url: str) -> Any:  # noqa: ANN401 - JSON
    return httpx.get(url, trust_env=False).raise_for_status().json()


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of the stack, and what its identity's tokens are signed with."""
    return tmp_path_factory.mktemp("secrets") / "secrets.json"


@pytest.fixture(scope="module")
def keyless(keyless_stack: Path, secrets: Path) -> Iterator[Session]:
    """The stack, running: regions that accept its identity's tokens, and a sink of its telemetry. LiteLLM loads."""
    with run(stack=keyless_stack, environ={}, secrets=secrets, litellm="loading") as session:
        yield session


def test_no_key_of_azure_is_in_the_environment_of_a_process(keyless: Session) -> None:
    gateway, litellm = environment(keyless.gateway), environment(keyless.litellm)
    assert {name for name in gateway if "KEY" in name} == {"INNER_KEY", "GATEWAY_KEY", "GATEWAY_KEY_SECONDARY"}
    assert gateway["AZURE_CLIENT_ID"] == CLIENT_ID
    # LiteLLM's Azure is the gateway; it has no identity.
    assert {name for name in litellm if "KEY" in name} == {"LITELLM_MASTER_KEY"}
    assert litellm["LITELLM_MASTER_KEY"] == keyless.inner_key
    assert not [name for name in litellm if name.startswith(("IDENTITY_", "AZURE_CLIENT", "APPLICATIONINSIGHTS"))]


def test_its_regions_accept_the_identity_and_no_key(keyless: Session) -> None:
    assert list(keyless.emulators) == ["swedencentral", "eastus2", "southafricanorth"]
    assert ask(keyless).status_code == 200
    url = f"{keyless.emulators['swedencentral'].url}/openai/v1/responses"
    body = {"model": "gpt-5.3-codex", "input": "hi"}
    refused = httpx.post(url, json=body, headers={"api-key": keyless.key}, trust_env=False)
    assert refused.status_code in {401, 403}


def test_its_telemetry_arrives(keyless: Session) -> None:
    assert ask(keyless).status_code == 200
    assert keyless.telemetry
    url = f"{keyless.telemetry.control_url}/received"
    received = eventually(lambda: found if (found := control(url))["items"] else None)
    assert received
    assert received["rejected"] == []
    assert set(received["statuses"]) == {200}
    assert any("swedencentral" in json.dumps(item) for item in received["items"])


def test_a_second_replica_has_the_same_identity(keyless: Session, keyless_stack: Path, secrets: Path) -> None:
    regions = {name: emulator.url for name, emulator in keyless.emulators.items()}
    with run(stack=keyless_stack, upstreams=regions, environ={}, secrets=secrets, litellm="absent") as replica:
        assert replica.emulators == {}
        assert ask(replica).status_code == 200


@pytest.fixture
def with_login(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The stand-in of `az` on PATH."""
    for name, value in cloud.environ.items():
        monkeypatch.setenv(name, value)
    return cloud


def tokens_of(session: Session, resource: str) -> Mapping[str, str]:
    """What the gateway's container gets from the identity endpoint."""
    assert session.identity
    variables = session.identity.of_container
    answer = httpx.get(
        variables["IDENTITY_ENDPOINT"],
        params={"api-version": "2019-08-01", "resource": resource, "client_id": CLIENT_ID},
        headers={"x-identity-header": variables["IDENTITY_HEADER"]},
        trust_env=False,
    )
    found: Mapping[str, str] = answer.raise_for_status().json()
    return found


def test_with_azure_the_tokens_are_those_of_the_azure_cli(
    with_login: Cloud, keyless_stack: Path, tmp_path: Path
) -> None:
    with run(stack=keyless_stack, azure=True, secrets=tmp_path / "s.json", litellm="absent") as session:
        assert session.emulators == {}
        token = tokens_of(session, "https://cognitiveservices.azure.com")
        endpoint = environment(session.gateway)["SWEDENCENTRAL_ENDPOINT"]
    assert token["access_token"] == f"token-for-{SCOPE}"
    assert int(token["expires_on"]) > time.time()
    assert endpoint == "https://pvc-keyless-aigateway-ai-swc.cognitiveservices.azure.com"
    assert {tuple(call.words[:2]) for call in with_login.calls("az")} == {("account", "get-access-token")}


@pytest.mark.parametrize(("is_installed", "reason"), [(False, "az is not installed"), (True, "Please run 'az login'")])
def test_without_a_login_azure_is_refused_before_anything_starts(
    with_login: Cloud, keyless_stack: Path, tmp_path: Path, *, is_installed: bool, reason: str
) -> None:
    if is_installed:
        with with_login.edit() as azure:
            azure["logged_in"] = False
    else:
        with_login.without("az")
    with (
        pytest.raises(RunnerError, match=reason) as refused,
        run(stack=keyless_stack, azure=True, secrets=tmp_path / "s.json"),
    ):
        pass
    assert "Log in with `az login`" in str(refused.value)


def test_a_reference_that_this_machine_knows_nothing_of_is_told(keyless_stack: Path, tmp_path: Path) -> None:
    document = json.loads(keyless_stack.read_text())
    (gateway, _) = document["resource"]["azurerm_container_app"]["gateway"]["template"]["container"]
    gateway["env"].append({"name": "REDIS", "value": "${azurerm_redis_cache.gateway.hostname}"})
    stack = tmp_path / "cdk.tf.json"
    stack.write_text(json.dumps(document))
    with (
        pytest.raises(RunnerError, match=r"gateway: REDIS refers to \$\{azurerm_redis_cache"),
        run(stack=stack, environ=os.environ, secrets=tmp_path / "s.json", litellm="absent"),
    ):
        pass

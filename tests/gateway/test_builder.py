"""The two containers as functions of settings."""

import ast
import json
import sys
from pathlib import Path

import pytest
import yaml

from gateway.containers import Container, SecretRef, build_containers
from gateway.litellm import build_litellm_config, render_litellm_config
from gateway.secrets import build_secrets
from settings import EnvironmentSettings, load_environments

ROOT = Path(__file__).parents[2]
MAX_ENVIRONMENT_BYTES = 64 * 1024


@pytest.fixture(params=load_environments(), ids=lambda settings: settings.env)
def settings(request: pytest.FixtureRequest) -> EnvironmentSettings:
    """Every environment of the repository."""
    found: EnvironmentSettings = request.param
    return found


@pytest.fixture
def own_embeddings(monkeypatch: pytest.MonkeyPatch) -> EnvironmentSettings:
    """An environment whose embeddings have a resource of their own."""
    monkeypatch.setenv("AIGATEWAY_EMBEDDINGS__ENDPOINT", "https://embeddings.openai.azure.com")
    return load_environments()[0]


def plain(container: Container) -> dict[str, str]:
    return {name: value for name, value in container.env.items() if isinstance(value, str)}


def secrets(container: Container) -> dict[str, str]:
    return {name: value.name for name, value in container.env.items() if isinstance(value, SecretRef)}


def test_the_gateway_alone_holds_azures_key(settings: EnvironmentSettings) -> None:
    gateway, litellm = build_containers(settings)
    assert secrets(gateway) == {
        "GATEWAY_KEY": "gateway-key",
        "INNER_KEY": "inner-key",
        "AZURE_OPENAI_API_KEY": "azure-openai-api-key",
    }
    assert secrets(litellm) == {"LITELLM_MASTER_KEY": "inner-key", "AZURE_OPENAI_API_KEY": "inner-key"}


def test_litellms_azure_is_the_gateway_on_loopback(settings: EnvironmentSettings) -> None:
    gateway, litellm = build_containers(settings)
    assert plain(litellm)["AZURE_OPENAI_ENDPOINT"] == f"http://127.0.0.1:{gateway.port}"
    assert plain(gateway)["LITELLM_URL"] == f"http://127.0.0.1:{litellm.port}"
    assert settings.azure_openai.endpoint not in json.dumps(plain(litellm))


def test_the_settings_reach_the_gateway(settings: EnvironmentSettings) -> None:
    gateway, _ = build_containers(settings)
    document = json.loads(plain(gateway)["GATEWAY_CONFIG"])
    assert plain(gateway)["AZURE_OPENAI_ENDPOINT"] == settings.azure_openai.endpoint
    assert {model["name"]: model["api_version"] for model in document["models"]} == {
        settings.codex.model: settings.codex.api_version,
        settings.embeddings.deployment: settings.embeddings.api_version,
    }
    assert document["timeouts"] == settings.timeouts.model_dump()
    assert document["retries"] == settings.retries.model_dump()
    assert document["limits"] == settings.limits.model_dump()


def test_embeddings_of_their_own_resource_have_its_endpoint_and_key(own_embeddings: EnvironmentSettings) -> None:
    gateway, _ = build_containers(own_embeddings)
    document = json.loads(plain(gateway)["GATEWAY_CONFIG"])
    assert plain(gateway)["AZURE_OPENAI_EMBEDDINGS_ENDPOINT"] == "https://embeddings.openai.azure.com"
    assert secrets(gateway)["AZURE_OPENAI_EMBEDDINGS_API_KEY"] == "azure-openai-embeddings-api-key"
    assert [model["upstream"] for model in document["models"]] == ["azure-openai", "azure-openai-embeddings"]
    assert [secret.variable for secret in build_secrets(own_embeddings)] == [
        "gateway_key",
        "gateway_key",
        "azure_openai_api_key",
        "azure_openai_embeddings_api_key",
    ]


def test_every_secret_that_a_container_reads_exists(settings: EnvironmentSettings) -> None:
    names = {secret.name for secret in build_secrets(settings)}
    for container in build_containers(settings):
        assert set(secrets(container).values()) <= names


def test_each_runtime_module_travels_as_its_source(settings: EnvironmentSettings) -> None:
    gateway, _ = build_containers(settings)
    modules = {f"RUNTIME_{file.stem.upper()}_PY": file.read_text() for file in (ROOT / "gateway/runtime").glob("*.py")}
    assert {name: value for name, value in plain(gateway).items() if name.startswith("RUNTIME_")} == modules


def test_a_containers_environment_stays_below_64_kib(settings: EnvironmentSettings) -> None:
    for container in build_containers(settings):
        size = sum(len(f"{name}={value}".encode()) for name, value in plain(container).items())
        assert size < MAX_ENVIRONMENT_BYTES


def test_the_yaml_is_the_configuration(settings: EnvironmentSettings) -> None:
    assert yaml.safe_load(render_litellm_config(settings)) == build_litellm_config(settings)


def test_litellm_calls_once_and_within_the_ingress_limit(settings: EnvironmentSettings) -> None:
    configuration = yaml.safe_load(render_litellm_config(settings))
    assert configuration["litellm_settings"]["num_retries"] == 0
    assert configuration["router_settings"]["num_retries"] == 0
    assert settings.timeouts.total_s < configuration["router_settings"]["timeout"] < 240
    assert all("api_key" in model["litellm_params"] for model in configuration["model_list"])
    modes = {model["model_name"]: model.get("model_info", {}).get("mode") for model in configuration["model_list"]}
    assert modes == {settings.codex.model: "responses", settings.embeddings.deployment: None}


def test_the_runtime_imports_nothing_but_aiohttp_and_the_standard_library() -> None:
    imported = {
        name.partition(".")[0]
        for file in (ROOT / "gateway/runtime").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in _absolute_imports(node)
    }
    assert imported - set(sys.stdlib_module_names) == {"aiohttp"}


def _absolute_imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


@pytest.mark.parametrize("index", [0, 1], ids=["gateway", "litellm"])
def test_a_start_command_is_a_few_lines(settings: EnvironmentSettings, index: int) -> None:
    container = build_containers(settings)[index]
    assert container.command[:2] == ("python", "-c")
    assert len(container.command[2].splitlines()) <= 10


def test_the_startup_probe_leaves_litellm_the_time_that_it_needs(settings: EnvironmentSettings) -> None:
    _, litellm = build_containers(settings)
    startup = litellm.probes.startup
    assert startup.initial_delay_s + startup.period_s * startup.failure_threshold >= 150
    assert {probe.port for probe in (startup, litellm.probes.liveness, litellm.probes.readiness)} == {litellm.port}

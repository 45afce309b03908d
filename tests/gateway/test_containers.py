"""The two containers as functions of settings."""

import ast
import dataclasses
import json
import re
import sys
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path

import hypothesis
import pytest
import yaml
from hypothesis import given, reject
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.archive import read_source
from gateway.configuration import render_gateway_config
from gateway.containers import Container, EnvironmentTooLargeError, Reference, SecretRef, build_containers
from gateway.litellm import build_litellm_config, render_litellm_config
from gateway.runtime.configuration import Model as ModelConfiguration
from gateway.runtime.configuration import read_configuration
from gateway.secrets import Secret, build_secrets
from settings.environment import EnvironmentSettings
from settings.loading import load_environment, load_environments
from settings.models import Model
from settings.projects import Project
from settings.secret_names import SecretValue
from settings.upstreams import ExistingUpstream

ROOT = Path(__file__).parents[2]


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


@pytest.fixture
def regions() -> EnvironmentSettings:
    """Three regions, models of every kind, several projects."""
    return load_environment(ROOT / "tests/gateway/environments/regions.toml")


@pytest.fixture
def keyless() -> EnvironmentSettings:
    """Three regions of the stack's own, and telemetry."""
    return load_environment(ROOT / "tests/gateway/environments/keyless.toml")


@pytest.fixture
def largest(tmp_path: Path) -> EnvironmentSettings:
    """As much as one gateway may sensibly be told: 3 upstreams, 8 models, 5 projects."""
    tables = [
        *(
            f'[[upstreams]]\nname = "sweden-central-{n}"\npriority = {n}\n'
            f'endpoint = "https://mys-shared-ai-sweden-{n}.cognitiveservices.azure.com"'
            for n in (1, 2, 3)
        ),
        *(f'[[models]]\nname = "gpt-5.{n}-codex-preview"\nkind = "responses"' for n in range(6)),
        *(
            f"[projects.team-number-{n}]\nrequests_per_minute = 600\ntokens_per_minute = 1_000_000\n"
            'parallel_requests = 20\nmodels = ["gpt-5.3-codex", "text-embedding-3-large"]\n'
            f"default = {str(n == 0).lower()}"
            for n in range(5)
        ),
    ]
    file = tmp_path / "largest.toml"
    file.write_text("\n".join(['env = "largest"', *tables]), encoding="utf-8")
    return load_environment(file)


def plain(container: Container) -> dict[str, str]:
    return {name: value for name, value in container.env.items() if isinstance(value, str)}


def secrets(container: Container) -> dict[str, str]:
    return {name: value.name for name, value in container.env.items() if isinstance(value, SecretRef)}


def references(container: Container) -> dict[str, str]:
    return {name: value.expression for name, value in container.env.items() if isinstance(value, Reference)}


def test_the_gateway_alone_holds_azures_key(settings: EnvironmentSettings) -> None:
    gateway, litellm = build_containers(settings)
    assert secrets(gateway) == {
        "GATEWAY_KEY": "gateway-key",
        "GATEWAY_KEY_SECONDARY": "gateway-key-secondary",
        "INNER_KEY": "inner-key",
        "AZURE_OPENAI_API_KEY": "azure-openai-api-key",
    }
    assert secrets(litellm) == {"LITELLM_MASTER_KEY": "inner-key"}


def test_without_a_key_the_gateway_gets_its_identity_and_litellm_nothing(keyless: EnvironmentSettings) -> None:
    gateway, litellm = build_containers(keyless)
    assert secrets(gateway).keys() == {"INNER_KEY", "GATEWAY_KEY", "GATEWAY_KEY_SECONDARY"}
    assert references(gateway) == {
        "AZURE_CLIENT_ID": "${azurerm_user_assigned_identity.gateway.client_id}",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": (
            "${nonsensitive(azurerm_application_insights.gateway.connection_string)}"
        ),
    }
    assert references(litellm) == {}
    document = json.loads(plain(gateway)["GATEWAY_CONFIG"])
    assert all(entry.keys() == {"name", "endpoint_env", "priority"} for entry in document["upstreams"])
    assert document["token_scope"] == keyless.azure_openai.token_scope
    assert document["telemetry"] == {"sampling_percent": 100.0}
    assert (
        plain(gateway)["SWEDENCENTRAL_ENDPOINT"] == "https://pvc-keyless-aigateway-ai-swc.cognitiveservices.azure.com"
    )


def test_what_is_off_is_in_no_container(regions: EnvironmentSettings) -> None:
    gateway, _ = build_containers(regions)
    assert references(gateway) == {}
    assert not {"token_scope", "telemetry"} & json.loads(plain(gateway)["GATEWAY_CONFIG"]).keys()


def test_a_key_beside_a_managed_identity_stays_with_its_upstream(regions: EnvironmentSettings) -> None:
    first, *others = regions.upstreams
    mixed = regions.model_copy(update={"upstreams": (first.model_copy(update={"auth": "managed_identity"}), *others)})
    gateway, _ = build_containers(mixed)
    assert {"SECOND_API_KEY", "THIRD_API_KEY"} == {name for name in secrets(gateway) if name.endswith("_API_KEY")}
    assert list(references(gateway)) == ["AZURE_CLIENT_ID"]
    document = json.loads(plain(gateway)["GATEWAY_CONFIG"])
    assert [entry.get("key_env") for entry in document["upstreams"]] == [None, "SECOND_API_KEY", "THIRD_API_KEY"]


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
    for table in ("timeouts", "retries", "circuit_breaker", "limits"):
        assert document[table] == getattr(settings, table).model_dump()


def test_the_document_has_of_a_model_what_the_gateway_or_the_emulator_reads(regions: EnvironmentSettings) -> None:
    gateway, _ = build_containers(regions)
    document = json.loads(plain(gateway)["GATEWAY_CONFIG"])
    read = {field.name for field in dataclasses.fields(ModelConfiguration)} | {"dimension"}
    assert set().union(*document["models"]) <= read
    assert not [model for model in document["models"] if None in model.values()]


def test_a_model_was_created_when_it_or_else_its_api_was_released(regions: EnvironmentSettings) -> None:
    known, dated, v1 = (
        Model(name="mm", kind="responses", base_model="gpt-5.3-codex"),
        Model(name="mm", kind="responses", api_version="2025-04-01-preview"),
        Model(name="mm", kind="responses", api_version="v1"),
    )
    days = []
    for model in (known, dated, v1):
        (entry,) = json.loads(render_gateway_config(regions.model_copy(update={"models": (model,)})))["models"][2:]
        days.append(datetime.fromtimestamp(entry["created"], UTC).isoformat())
    assert days == [f"{day}T00:00:00+00:00" for day in ("2026-02-05", "2025-04-01", "2025-08-01")]


def test_embeddings_of_their_own_resource_have_its_endpoint_and_key(own_embeddings: EnvironmentSettings) -> None:
    gateway, _ = build_containers(own_embeddings)
    document = json.loads(plain(gateway)["GATEWAY_CONFIG"])
    assert plain(gateway)["AZURE_OPENAI_EMBEDDINGS_ENDPOINT"] == "https://embeddings.openai.azure.com"
    assert secrets(gateway)["AZURE_OPENAI_EMBEDDINGS_API_KEY"] == "azure-openai-embeddings-api-key"
    assert [model["upstreams"] for model in document["models"]] == [["azure-openai"], ["azure-openai-embeddings"]]
    assert [secret.value.variable for secret in build_secrets(own_embeddings)] == [
        "gateway_key",
        "gateway_key_secondary",
        None,
        "azure_openai_api_key",
        "azure_openai_embeddings_api_key",
    ]


def test_the_gateway_reads_what_the_builder_writes(regions: EnvironmentSettings) -> None:
    gateway, _ = build_containers(regions)
    document = json.loads(plain(gateway)["GATEWAY_CONFIG"])
    assert [(entry["name"], entry["priority"], entry["key_env"]) for entry in document["upstreams"]] == [
        ("first", 1, "FIRST_API_KEY"),
        ("second", 2, "SECOND_API_KEY"),
        ("third", 3, "THIRD_API_KEY"),
    ]
    environ = plain(gateway) | {name: f"the {secret}" for name, secret in secrets(gateway).items()}
    configuration = read_configuration(environ)
    assert list(configuration.models) == [model.name for model in regions.all_models]
    codex = configuration.models["gpt-5.3-codex"]
    assert (codex.context_window, codex.max_output_tokens) == (400_000, 128_000)
    assert codex.reasoning_efforts == ("low", "medium", "high", "xhigh")
    models = {model.name: (model.kind, model.deployment, model.translate) for model in configuration.models.values()}
    assert (
        models.items()
        >= {
            "gpt-5.3-codex": ("responses", "gpt-5.3-codex", False),
            "text-embedding-3-large": ("embeddings", "text-embedding-3-large", False),
            "gpt-4o-mini": ("chat", "gpt-4o-mini", False),
            "translated-codex": ("responses", "gpt-5.3-codex", True),
            "translated-chat": ("chat", "gpt-4o-mini", True),
            "translated-embeddings": ("embeddings", "text-embedding-3-large", True),
        }.items()
    )
    assert [project.name for project in configuration.projects] == list(regions.projects)
    keys = {project.name: project.keys for project in configuration.projects}
    assert (
        keys.items()
        >= {
            "team": ("the gateway-key", "the gateway-key-secondary"),
            "other": ("the gateway-key-other", "the gateway-key-other-secondary"),
            "small": ("the gateway-key-small", "the gateway-key-small-secondary"),
        }.items()
    )
    (small,) = [project for project in configuration.projects if project.name == "small"]
    assert (small.requests_per_minute, small.parallel_requests) == (10, 2)
    assert small.models == set(configuration.models)
    for model in configuration.models.values():
        assert [(upstream.name, upstream.key) for upstream in model.upstreams] == [
            ("first", "the first-api-key"),
            ("second", "the second-api-key"),
            ("third", "the third-api-key"),
        ]


def test_a_model_has_the_upstreams_that_serve_it_by_priority(tmp_path: Path) -> None:
    table = '[[upstreams]]\nname = "{0}"\nendpoint = "https://{0}.openai.azure.com"\n'
    one, two = map(table.format, ("one", "two"))
    file = tmp_path / "dev.toml"
    file.write_text(
        f'env = "dev"\n{one}priority = 2\n{two}deployments = ["gpt-5.3-codex"]\n'
        '[projects.index]\nmodels = ["text-embedding-3-large"]\n'
    )
    gateway, _ = build_containers(load_environment(file))
    document = json.loads(plain(gateway)["GATEWAY_CONFIG"])
    assert [model["upstreams"] for model in document["models"]] == [["two", "one"], ["one"]]
    assert [(project["name"], project["key_envs"]) for project in document["projects"]] == [
        ("index", ["GATEWAY_KEY", "GATEWAY_KEY_SECONDARY"])
    ]
    assert document["projects"][0]["models"] == ["text-embedding-3-large"]


def test_every_project_has_two_keys_and_the_second_is_derived_where_nobody_gives_it(
    regions: EnvironmentSettings,
) -> None:
    built = {secret.name: secret for secret in build_secrets(regions)}
    assert list(built) == [
        "gateway-key",
        "gateway-key-secondary",
        "inner-key",
        "first-api-key",
        "second-api-key",
        "third-api-key",
        "gateway-key-other",
        "gateway-key-other-secondary",
        "gateway-key-few-requests",
        "gateway-key-few-requests-secondary",
        "gateway-key-exhausted",
        "gateway-key-exhausted-secondary",
        "gateway-key-few-tokens",
        "gateway-key-few-tokens-secondary",
        "gateway-key-background",
        "gateway-key-background-secondary",
        "gateway-key-queries",
        "gateway-key-queries-secondary",
        "gateway-key-small",
        "gateway-key-small-secondary",
    ]
    assert built["gateway-key-small-secondary"] == Secret(
        name="gateway-key-small-secondary",
        description="A second key of the project 'small', for the time of a rotation; may be left unset.",
        value=SecretValue(
            variable="gateway_key_small_secondary", derived_from=("gateway_key_small",), salt="secondary"
        ),
    )


@pytest.mark.parametrize("name", ["regions", "largest"])
def test_no_two_secrets_share_a_name_a_variable_or_an_environment_variable(
    name: str, request: pytest.FixtureRequest
) -> None:
    settings: EnvironmentSettings = request.getfixturevalue(name)
    built = build_secrets(settings)
    assert len({secret.name for secret in built}) == len(built)
    assert len({secret.value.variable for secret in built}) == len(built)
    gateway, _ = build_containers(settings)
    assert sorted(secrets(gateway).values()) == sorted(secret.name for secret in built)


def test_every_secret_that_a_container_reads_exists(settings: EnvironmentSettings) -> None:
    names = {secret.name for secret in build_secrets(settings)}
    for container in build_containers(settings):
        assert set(secrets(container).values()) <= names


_UPSTREAMS = st.sampled_from(
    ["gateway-key", "gateway-key-a", "gateway", "inner", "a", "secondary", "host", "gateway-source"]
)
_PROJECTS = st.sampled_from(["a", "b", "endpoint", "api-key", "secondary", "a-endpoint", "a-api-key", "a-secondary"])


@hypothesis.settings(deadline=None, max_examples=200)
@given(st.lists(_UPSTREAMS, max_size=2, unique=True), st.lists(_PROJECTS, min_size=1, max_size=3, unique=True))
def test_whatever_names_the_settings_allow_nothing_collides(upstreams: list[str], projects: list[str]) -> None:
    try:
        settings = EnvironmentSettings(
            env="dev",
            upstreams=[{"name": name, "endpoint": f"https://{name}.openai.azure.com"} for name in upstreams],
            projects={name: {"default": name == projects[0]} for name in projects},
        )
    except ValidationError:
        reject()
    built = build_secrets(settings)
    variables = [secret.value.variable for secret in built if secret.value.variable]
    assert len({secret.name for secret in built}) == len(built) == len(variables) + 1
    assert len(set(variables)) == len(variables)
    gateway, _ = build_containers(settings)
    fixed = {"HOST", "PORT", "LITELLM_URL", "INNER_KEY", "GATEWAY_SOURCE", "GATEWAY_CONFIG"}
    assert gateway.env.keys() >= fixed
    assert len(gateway.env) == len(fixed) + 2 * len(settings.all_upstreams) + 2 * len(projects)


def environment_size(container: Container) -> int:
    """Bytes of the environment as the kernel counts them, secrets by their names."""
    return sum(len(f"{name}={value}\0".encode()) for name, value in (plain(container) | secrets(container)).items())


@pytest.mark.parametrize("name", ["regions", "largest"])
def test_the_gateways_environment_has_room_to_grow(name: str, request: pytest.FixtureRequest) -> None:
    gateway, _ = build_containers(request.getfixturevalue(name))
    assert environment_size(gateway) < 100 * 1024


def with_projects(settings: EnvironmentSettings, count: int) -> EnvironmentSettings:
    return settings.model_copy(
        update={"projects": {f"team-{number}": Project(default=not number) for number in range(count)}}
    )


def test_an_environment_that_a_container_cannot_start_with_is_refused(regions: EnvironmentSettings) -> None:
    gateway, _ = build_containers(with_projects(regions, 40))
    assert environment_size(gateway) < 112 * 1024
    message = r"regions: the environment of the container gateway is too large: .* Largest, in bytes: GATEWAY_"
    for count, found in (
        (300, r"612 variables have [\d,]+ bytes; at most 114,688 are allowed"),
        (800, r"GATEWAY_CONFIG has [\d,]+ bytes; at most 98,304 are allowed"),
    ):
        with pytest.raises(EnvironmentTooLargeError, match=message) as refused:
            build_containers(with_projects(regions, count))
        assert re.search(found, str(refused.value)), refused.value


def changed_positions(before: EnvironmentSettings, after: EnvironmentSettings) -> list[str]:
    """The variables that Terraform shows as changed or added: it compares the list by position."""
    (old, _), (new, _) = build_containers(before), build_containers(after)
    return [now[0] for then, now in zip_longest(old.env.items(), new.env.items()) if now and then != now]


def test_a_project_changes_its_own_variables_alone(regions: EnvironmentSettings) -> None:
    one_more = regions.model_copy(update={"projects": {**regions.projects, "new": Project()}})
    assert changed_positions(regions, one_more) == ["GATEWAY_CONFIG", "GATEWAY_KEY_NEW", "GATEWAY_KEY_NEW_SECONDARY"]


def test_a_model_changes_the_configuration_alone(regions: EnvironmentSettings) -> None:
    model = Model(name="new", kind="responses")
    one_more = regions.model_copy(update={"models": (*regions.models, model)})
    assert changed_positions(regions, one_more) == ["GATEWAY_CONFIG"]


def test_an_upstream_moves_the_keys_of_projects_and_changes_nothing_else(regions: EnvironmentSettings) -> None:
    upstream = ExistingUpstream(name="fourth", endpoint="https://fourth.openai.azure.com", priority=4)
    one_more = regions.model_copy(update={"upstreams": (*regions.upstreams, upstream)})
    changed = changed_positions(regions, one_more)
    assert changed[:3] == ["GATEWAY_CONFIG", "FOURTH_ENDPOINT", "FOURTH_API_KEY"]
    assert [*secrets(build_containers(regions)[0])][-len(changed[3:]) :] == changed[3:]
    assert all(name.startswith("GATEWAY_KEY") for name in changed[3:])


def test_a_module_changes_the_archive_alone(regions: EnvironmentSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    before, _ = build_containers(regions)
    monkeypatch.setattr("gateway.containers.source_variable", lambda: "another archive")
    after, _ = build_containers(regions)
    assert [name for name in before.env if before.env[name] != after.env[name]] == ["GATEWAY_SOURCE"]
    assert list(before.env) == list(after.env)


def test_the_yaml_is_the_configuration(settings: EnvironmentSettings) -> None:
    assert yaml.safe_load(render_litellm_config(settings)) == build_litellm_config(settings)


def test_litellm_calls_once_and_within_the_ingress_limit(settings: EnvironmentSettings) -> None:
    configuration = yaml.safe_load(render_litellm_config(settings))
    assert configuration["litellm_settings"]["num_retries"] == 0
    assert configuration["router_settings"]["num_retries"] == 0
    assert settings.timeouts.total_s < configuration["router_settings"]["timeout"] < 240
    silent = settings.model_copy(update={"timeouts": settings.timeouts.model_copy(update={"idle_s": 230.0})})
    assert yaml.safe_load(render_litellm_config(silent))["router_settings"]["timeout"] == 232


def test_litellm_knows_every_model_by_its_own_name_and_how_it_is_spoken_to(regions: EnvironmentSettings) -> None:
    models = {entry["model_name"]: entry for entry in yaml.safe_load(render_litellm_config(regions))["model_list"]}
    assert list(models) == [model.name for model in regions.all_models]
    for model in regions.all_models:
        parameters = models[model.name]["litellm_params"]
        assert parameters["model"] == f"azure/{model.name}"
        assert re.fullmatch(r"20[0-9-]{8}(-preview)?", parameters["api_version"])
        assert parameters["api_base"] == "os.environ/AZURE_OPENAI_ENDPOINT"
        assert parameters["api_key"] == "os.environ/LITELLM_MASTER_KEY"
        # Without the mode LiteLLM would ask a codex model for chat completions, which Azure refuses.
        mode = models[model.name].get("model_info", {}).get("mode")
        assert mode == ("responses" if model.kind == "responses" else None)


def test_what_travels_imports_nothing_that_litellms_image_may_lack() -> None:
    trees = [ast.parse(content) for content in read_source().values()]
    imported = {name.partition(".")[0] for tree in trees for node in ast.walk(tree) for name in _absolute_imports(node)}
    foreign = imported - set(sys.stdlib_module_names) - {"gateway", "settings"}
    assert foreign == {"aiohttp", "annotated_types", "azure", "orjson", "pydantic", "pydantic_core", "uvloop"}


def _absolute_imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


def test_the_start_commands_are_python_programs(settings: EnvironmentSettings) -> None:
    gateway, litellm = build_containers(settings)
    assert gateway.command[:2] == litellm.command[:2] == ("python", "-c")
    assert len(gateway.command[2].splitlines()) <= 10
    assert litellm.command[2] == (ROOT / "gateway/litellm_supervisor.py").read_text(encoding="utf-8")


def test_litellm_is_restarted_at_four_fifths_of_its_memory(settings: EnvironmentSettings) -> None:
    _, litellm = build_containers(settings)
    assert int(plain(litellm)["LITELLM_MAX_BYTES"]) == int(float(litellm.memory.removesuffix("Gi")) * 2**30 * 0.8)


def test_the_startup_probe_leaves_litellm_the_time_that_it_needs(settings: EnvironmentSettings) -> None:
    _, litellm = build_containers(settings)
    startup = litellm.probes.startup
    assert startup.initial_delay_s + startup.period_s * startup.failure_threshold >= 150
    assert {probe.port for probe in (startup, litellm.probes.liveness, litellm.probes.readiness)} == {litellm.port}

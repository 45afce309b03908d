"""Mistakes in variables of the environment are blamed on them, and their unknown names on their spelling."""

import pytest

from settings.errors import SettingsError
from settings.loading import load_environments
from tests.settings.conftest import Dev, WriteFile


@pytest.mark.parametrize(
    ("variable", "text", "field", "allowed"),
    [
        ("LOGS__RETENTION_DAYS", "3", 'logs.retention_days = "3"', "must be a whole number from 30 to 730"),
        ("LOGS__RETENTION_DAYS", "many", 'logs.retention_days = "many"', "must be a whole number from 30 to 730"),
        ("LOGS", '{"retention_days": 3}', "logs.retention_days = 3", "must be a whole number from 30 to 730"),
        ("LOGS", "30", "logs = 30", "must be JSON: an object of settings"),
        ("LOGS", "thirty", 'logs = "thirty"', "must be JSON: an object of settings"),
        ("TAGS", "x", 'tags = "x"', "must be JSON: an object of texts by name"),
        ("TAGS__OWNER", "x" * 257, f'tags.owner = "{"x" * 119}...', "must be a text of at most 256 characters"),
        ("TAGS", '{"<": "x"}', 'tags."<" = "<"', "must be a name of 1 to 512 characters"),
        ("INGRESS__IP_ALLOWLIST", "10.0.0.0/8,x", 'ingress.ip_allowlist[1] = "x"', "must be an IPv4 network"),
        ("INGRESS__IP_ALLOWLIST", "[1", 'ingress.ip_allowlist = "[1"', "must be a list of IPv4 networks"),
        ("UPSTREAMS", '[{"name": "a", "endpoint": "b"}]', 'upstreams[0].endpoint = "b"', "must be https:// and a host"),
        ("UPSTREAMS__0__NAME", "a", "upstreams", "must be JSON: an array of objects"),
        ("MODELS", '[{"name": "gpt-4o"}]', "models[0].kind", "is missing; every table of this kind must give it"),
        ("MODELS", '[{"name": "gpt-4o", "kind": "chat", "x": 1}]', "models[0].x", "is not a setting; allowed are name"),
        ("PROJECTS", '{"A": {}}', 'projects.A = "A"', "must be 1 to 32 lower-case letters"),
        ("PROJECTS__A__PARALLEL_REQUESTS", "0", 'projects.a.parallel_requests = "0"', "must be a whole number from 1"),
        ("PROJECTS__A__MODELS__X", "b", "projects.a.models", "must be a list of models"),
        ("TIMEOUTS__IDLE_S", "nan", 'timeouts.idle_s = "nan"', "must be a number of seconds from 0.1 to 230"),
        ("SCALE__MIN_REPLICAS__X", "1", "scale.min_replicas", "must be a whole number from 0 to 300"),
    ],
)
def test_a_bad_value_is_blamed_on_its_variable(
    dev: Dev, monkeypatch: pytest.MonkeyPatch, variable: str, text: str, field: str, allowed: str
) -> None:
    monkeypatch.setenv(f"AIGATEWAY_{variable}", text)
    (mistake,) = dev.mistakes()

    assert mistake.startswith(f"AIGATEWAY_{variable} (environment variable): {field}: {allowed}")


def test_a_contradiction_names_the_file_and_the_variables(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_SCALE__MIN_REPLICAS", "3")
    monkeypatch.setenv("AIGATEWAY_LOGS__RETENTION_DAYS", "60")

    (mistake,) = dev.mistakes()
    assert mistake == (
        f"{dev.file} with AIGATEWAY_SCALE__MIN_REPLICAS (environment): "
        "scale.max_replicas = 2: must be at least scale.min_replicas, which is 3"
    )


def test_a_contradiction_between_tables_names_the_variable_of_the_other_one(
    dev: Dev, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIGATEWAY_CODEX__MODEL", "text-embedding-3-large")

    (mistake,) = dev.mistakes()
    assert mistake == (
        f"{dev.file} with AIGATEWAY_CODEX__MODEL (environment): "
        'embeddings.deployment = "text-embedding-3-large": must be another deployment than that of codex.model'
    )


def test_a_variable_cannot_rename_an_environment(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_ENV", "prod")

    assert dev.mistakes() == (
        f'{dev.file} with AIGATEWAY_ENV (environment): env = "prod": must be "dev", the name of the file',
    )


def test_a_bad_value_is_blamed_on_the_variable_nearest_to_it(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_LOGS", '{"retention_days": 60}')
    monkeypatch.setenv("AIGATEWAY_LOGS__RETENTION_DAYS", "3")
    (mistake,) = dev.mistakes()

    assert mistake.startswith('AIGATEWAY_LOGS__RETENTION_DAYS (environment variable): logs.retention_days = "3": ')


@pytest.mark.parametrize("name", ["FOO", "foo", "SCALE_MAX_REPLICAS", "ENV__X", "KEYS", "KEY__X"])
def test_an_unknown_variable_is_refused_without_its_value(dev: Dev, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"aigateway_{name}", "hunter2")
    (mistake,) = dev.mistakes()

    allowed = "names no setting. After AIGATEWAY_ must come one of env, projname, allow_unlisted_location,"
    assert mistake.startswith(f"AIGATEWAY_{name.upper()} (environment variable): {allowed}")
    assert "hunter2" not in mistake


def test_an_unknown_field_of_a_known_table_is_refused_without_its_value(
    dev: Dev, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIGATEWAY_LOGS__DAYS", "hunter2")

    (mistake,) = dev.mistakes()
    assert mistake.startswith(
        "AIGATEWAY_LOGS__DAYS (environment variable): logs.days: is not a setting; allowed are retention_days"
    )
    assert "hunter2" not in mistake


def test_a_variables_mistake_is_told_once_for_all_files(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_LOGS__RETENTION_DAYS", "3")
    monkeypatch.setenv("AIGATEWAY_FOO", "x")
    directory = write('env = "dev"').parent
    write('env = "prod"', "prod.toml")

    with pytest.raises(SettingsError, match=r"^The settings have 2 mistakes:"):
        load_environments(directory)


def test_a_contradiction_within_a_list_names_the_variable_of_the_other_one(
    dev: Dev, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIGATEWAY_CODEX__MODEL", "gpt-4o-mini")
    dev.file.write_text('env = "dev"\n[[models]]\nname = "gpt-4o-mini"\nkind = "chat"\n', encoding="utf-8")

    (mistake,) = dev.mistakes()
    assert mistake == (
        f"{dev.file} with AIGATEWAY_CODEX__MODEL (environment): "
        'models[0].name = "gpt-4o-mini": must be another name than that of codex'
    )


def test_an_address_from_outside_does_not_go_with_upstreams(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_AZURE_OPENAI__ENDPOINT", "https://b.openai.azure.com")
    upstream = '[[upstreams]]\nname = "a"\nendpoint = "https://a.openai.azure.com"\n'
    dev.file.write_text(f'env = "dev"\n{upstream}', encoding="utf-8")

    (mistake,) = dev.mistakes()
    assert mistake == (
        f"{dev.file} with AIGATEWAY_AZURE_OPENAI__ENDPOINT (environment): "
        "upstreams: must be the only ones to name resources, without azure_openai.endpoint"
    )

"""Variables of the environment override files."""

import pytest

from settings import EnvironmentSettings, SettingsError, load_environment, load_environments
from tests.settings.conftest import WriteFile


@pytest.fixture
def dev(write: WriteFile) -> "Dev":
    return Dev(write)


class Dev:
    """dev.toml with a scale of its own."""

    def __init__(self, write: WriteFile) -> None:
        self.file = write('env = "dev"\n[scale]\nmin_replicas = 0\nmax_replicas = 2\n')

    def load(self) -> EnvironmentSettings:
        return load_environment(self.file)

    def mistakes(self) -> tuple[str, ...]:
        with pytest.raises(SettingsError) as refusal:
            self.load()
        return refusal.value.mistakes


def test_a_variable_wins_over_the_file_and_leaves_the_rest(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_SCALE__MAX_REPLICAS", "5")
    monkeypatch.setenv("AIGATEWAY_PROJNAME", "portal")
    monkeypatch.setenv("AIGATEWAY_CONTAINERS__LITELLM__CPU", "1.25")
    monkeypatch.setenv("AIGATEWAY_CONTAINERS__GATEWAY__MEMORY", "1Gi")
    settings = dev.load()

    assert settings.scale.model_dump() == {"min_replicas": 0, "max_replicas": 5, "concurrent_requests": 50}
    assert settings.projname == "portal"
    assert settings.containers.litellm.cpu == 1.25
    assert settings.naming.name("key_vault") == "pvc-dev-portal-kv-san"


@pytest.mark.parametrize(("text", "value"), [("false", False), ("true", True), ("0", False), ("1", True)])
def test_a_switch_is_given_as_a_word(dev: Dev, monkeypatch: pytest.MonkeyPatch, text: str, *, value: bool) -> None:
    monkeypatch.setenv("AIGATEWAY_INGRESS__EXTERNAL", text)

    assert dev.load().ingress.external is value


@pytest.mark.parametrize("text", ["10.0.0.0/8, 203.0.113.7/32", '["10.0.0.0/8", "203.0.113.7/32"]'])
def test_a_list_is_given_with_commas_or_as_json(dev: Dev, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AIGATEWAY_INGRESS__IP_ALLOWLIST", text)

    assert dev.load().ingress.ip_allowlist == ("10.0.0.0/8", "203.0.113.7/32")


def test_a_table_is_given_as_json_or_field_by_field(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_SCALE", '{"max_replicas": 9}')
    monkeypatch.setenv("AIGATEWAY_TAGS", '{"Owner": "me"}')
    monkeypatch.setenv("AIGATEWAY_TAGS__COST", "42")
    settings = dev.load()

    assert (settings.scale.min_replicas, settings.scale.max_replicas) == (0, 9)
    assert settings.tags == {"Owner": "me", "cost": "42"}


def test_upper_and_lower_case_are_the_same(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("aigateway_Scale__max_replicas", "5")

    assert dev.load().scale.max_replicas == 5


def test_an_empty_variable_counts_as_unset(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_SCALE__MAX_REPLICAS", "")
    monkeypatch.setenv("AIGATEWAY_UNKNOWN", "")

    assert dev.load().scale.max_replicas == 2


def test_the_clients_key_is_none_of_the_settings(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_KEY", "hunter2")

    assert dev.load().scale.max_replicas == 2


def test_a_variable_overrides_every_environment(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_LOGS__RETENTION_DAYS", "60")
    directory = write('env = "dev"').parent
    write('env = "prod"\n[logs]\nretention_days = 90', "prod.toml")

    assert [settings.logs.retention_days for settings in load_environments(directory)] == [60, 60]


@pytest.mark.parametrize(
    ("variable", "text", "field", "allowed"),
    [
        ("LOGS__RETENTION_DAYS", "3", 'logs.retention_days = "3"', "must be a whole number from 30 to 730"),
        ("LOGS__RETENTION_DAYS", "many", 'logs.retention_days = "many"', "must be a whole number from 30 to 730"),
        ("LOGS", '{"retention_days": 3}', "logs.retention_days = 3", "must be a whole number from 30 to 730"),
        ("LOGS", "30", "logs = 30", "must be a table of settings"),
        ("LOGS", "thirty", 'logs = "thirty"', "must be a table of settings"),
        ("BUDGET", "5", 'budget = "5"', "must be left out: a budget needs a database"),
        ("TAGS__OWNER", "x" * 257, f'tags.owner = "{"x" * 119}...', "must be a text of at most 256 characters"),
        ("TAGS", '{"<": "x"}', 'tags."<" = "<"', "must be a name of 1 to 512 characters"),
        ("INGRESS__IP_ALLOWLIST", "10.0.0.0/8,x", 'ingress.ip_allowlist[1] = "x"', "must be an IPv4 network"),
        ("TIMEOUTS__IDLE_S", "nan", 'timeouts.idle_s = "nan"', "must be a number of seconds from 0.1 to 239"),
        ("SCALE__MIN_REPLICAS__X", "1", "scale.min_replicas", "must be a whole number from 0 to 1000"),
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
        'embeddings.deployment = "text-embedding-3-large": must be another deployment than codex.model'
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

    allowed = "sets nothing; after AIGATEWAY_ comes one of env, projname, location,"
    assert mistake.startswith(f"AIGATEWAY_{name.upper()} (environment variable): {allowed}")
    assert "hunter2" not in mistake


def test_an_unknown_field_of_a_known_table_is_refused_without_its_value(
    dev: Dev, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIGATEWAY_LOGS__DAYS", "hunter2")

    assert dev.mistakes() == (
        "AIGATEWAY_LOGS__DAYS (environment variable): logs.days: is not a setting; allowed are retention_days",
    )


def test_a_variables_mistake_is_told_once_for_all_files(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_LOGS__RETENTION_DAYS", "3")
    monkeypatch.setenv("AIGATEWAY_FOO", "x")
    directory = write('env = "dev"').parent
    write('env = "prod"', "prod.toml")

    with pytest.raises(SettingsError, match=r"^The settings have 2 mistakes:"):
        load_environments(directory)

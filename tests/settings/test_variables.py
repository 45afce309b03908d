"""Variables of the environment override files."""

import pytest

from settings.loading import load_environments
from settings.traffic import Scale
from tests.settings.conftest import Dev, WriteFile


def test_a_variable_wins_over_the_file_and_leaves_the_rest(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGATEWAY_SCALE__MAX_REPLICAS", "5")
    monkeypatch.setenv("AIGATEWAY_PROJNAME", "portal")
    monkeypatch.setenv("AIGATEWAY_CONTAINERS__LITELLM__CPU", "0.75")
    monkeypatch.setenv("AIGATEWAY_CONTAINERS__GATEWAY__MEMORY", "0.5Gi")
    settings = dev.load()

    assert settings.scale == Scale(min_replicas=0, max_replicas=5)
    assert settings.projname == "portal"
    assert settings.containers.litellm.cpu == 0.75
    assert settings.naming.name("key_vault") == "pvc-dev-portal-kv-san"


@pytest.mark.parametrize(("text", "value"), [("false", False), ("true", True), ("0", False), ("1", True)])
def test_a_switch_is_given_as_a_word(dev: Dev, monkeypatch: pytest.MonkeyPatch, text: str, *, value: bool) -> None:
    monkeypatch.setenv("AIGATEWAY_INGRESS__EXTERNAL", text)

    assert dev.load().ingress.external is value


@pytest.mark.parametrize("text", ["198.51.100.0/24, 203.0.113.7/32", '["198.51.100.0/24", "203.0.113.7/32"]'])
def test_a_list_is_given_with_commas_or_as_json(dev: Dev, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AIGATEWAY_INGRESS__IP_ALLOWLIST", text)

    assert dev.load().ingress.ip_allowlist == ("198.51.100.0/24", "203.0.113.7/32")


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

"""Whose Azure OpenAI an environment asks is said before anything goes there."""

import pytest

from scripts.cli.settings import all_settings, describe_endpoints, log_endpoints
from settings.loading import load_environment
from tests import fixed_environments

DEV = fixed_environments.ENVIRONMENTS / "dev.toml"
ENDPOINT = "AIGATEWAY_AZURE_OPENAI__ENDPOINT"


def test_a_resource_that_somebody_named_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "https://ours.openai.azure.com")
    assert describe_endpoints(load_environment(DEV)) == "dev uses Azure OpenAI at https://ours.openai.azure.com"


def test_a_resource_that_nobody_named_is_told_as_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENDPOINT, raising=False)
    told = describe_endpoints(load_environment(DEV))
    assert told.startswith("dev uses Azure OpenAI at https://")
    assert told.endswith(", the default: settings/environments/dev.toml names none")


def test_only_the_environments_that_are_meant_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    first, *others = all_settings()
    log_endpoints([first])
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[0] for line in said] == [first]
    log_endpoints(None)
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[0] for line in said] == [first, *others]

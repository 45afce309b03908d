"""The settings of environments, and the log line that names their Azure OpenAI."""

import pytest

from scripts.cli.settings import all_settings, describe_endpoints, log_endpoints
from settings.loading import load_environment
from tests import fixed_environments

DEV = fixed_environments.ENVIRONMENTS / "dev.toml"
ENDPOINT = "AIGATEWAY_AZURE_OPENAI__ENDPOINT"


def test_an_endpoint_of_the_settings_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "https://ours.openai.azure.com")
    assert describe_endpoints(load_environment(DEV)) == "dev uses Azure OpenAI at https://ours.openai.azure.com"


def test_the_default_endpoint_is_named_as_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENDPOINT, raising=False)
    line = describe_endpoints(load_environment(DEV))
    assert line.startswith("WARNING: dev uses Azure OpenAI at https://")
    assert line.endswith(", the default: settings/environments/dev.toml names none")


def test_only_the_selected_environments_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    first, *others = all_settings()
    log_endpoints([first])
    lines = capsys.readouterr().err.splitlines()
    assert [line.removeprefix("WARNING: ").partition(" ")[0] for line in lines] == [first]
    log_endpoints(None)
    lines = capsys.readouterr().err.splitlines()
    assert [line.removeprefix("WARNING: ").partition(" ")[0] for line in lines] == [first, *others]

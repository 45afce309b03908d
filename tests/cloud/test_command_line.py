"""`az` and `gh` as a script calls them: reasons of failures, retries, dry runs, secrets."""

import re
import shlex

import pytest

from scripts.cli.command_line import PAUSES_S, CommandError, CommandLine
from scripts.cli.error_handling import ScriptError
from tests.cloud.fixtures import Cloud

ARM = "ERROR: (ResourceNotFound) It (the thing) was not found.\nCode: ResourceNotFound\nMessage: It was not found."
GRAPH = 'ERROR: Forbidden({"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}})'
PLAIN = "ERROR: Please run 'az login' to setup account (interactively)."


@pytest.fixture
def az(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The stand-in, as a process."""
    for name in ("PATH", "HOME", "CLOUD_STAND_INS"):
        monkeypatch.setenv(name, cloud.environ[name])
    monkeypatch.setattr("scripts.cli.command_line.PAUSES_S", (0, 0))
    return CommandLine("az")


@pytest.mark.parametrize(
    ("stderr", "reason"), [(ARM, "ResourceNotFound"), (GRAPH, "Authorization_RequestDenied"), (PLAIN, "")]
)
def test_the_reason_is_found_in_each_form_of_azure_s_errors(
    az: CommandLine, cloud: Cloud, stderr: str, reason: str
) -> None:
    (cloud.bin / "az").write_text(f"#!/bin/sh\necho {shlex.quote(stderr)} >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(CommandError) as failed:
        az.query("group", "show", "--name", "x")
    assert failed.value.reason == reason
    assert failed.value.message == stderr.partition("\nCode:")[0].removeprefix("ERROR: ")
    assert failed.value.command == "az group show --name x"


def test_find_returns_none_only_for_what_is_missing(az: CommandLine, cloud: Cloud) -> None:
    assert az.find("group", "show", "--name", "x") is None
    cloud.fail("group show", code="AuthorizationFailed", message="No.")
    with pytest.raises(CommandError, match="No"):
        az.find("group", "show", "--name", "x")


@pytest.mark.parametrize("said", ["", "null", "WARNING: an extension", 'WARNING: old\n{"name": "x"}'])
def test_an_answer_that_is_no_json_is_reported_and_not_shown(az: CommandLine, cloud: Cloud, said: str) -> None:
    (cloud.bin / "az").write_text(f"#!/bin/sh\nprintf %s {shlex.quote(said)}\n", encoding="utf-8")
    with pytest.raises(ScriptError, match="az keyvault secret show --name x\naz returned no JSON") as failed:
        az.query("keyvault", "secret", "show", "--name", "x")
    assert "WARNING" not in str(failed.value)


def test_a_dry_run_runs_reading_commands_and_shows_changing_ones(
    az: CommandLine, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    az.dry_run = True
    words = ("group", "create", "--name", "my group", "--location", "x")
    assert az.change(*words) is None
    assert az.query("group", "exists", "--name", "my group") is False
    assert cloud.changes() == []
    assert az.changes == ["az group create --name 'my group' --location x"]
    shown = capsys.readouterr().err
    assert "would run: az group create --name 'my group' --location x\n" in shown
    assert "runs: az group exists --name 'my group'\n" in shown


def test_a_dry_run_shows_a_body_and_no_secret(az: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    az.dry_run = True
    az.change("rest", "--body", "@-", body={"who": "it's me"})
    az.change("rest", "--body", "@-", stdin="hush-hush")
    with_body, without = capsys.readouterr().err.splitlines()
    assert shlex.split(with_body)[-2:] == ["<<<", '{"who": "it\'s me"}']
    assert without == "  would run: az rest --body @-"


def test_a_body_is_sent_as_json_through_stdin(az: CommandLine, cloud: Cloud) -> None:
    (cloud.bin / "az").write_text('#!/bin/sh\nread -r line\necho "$line"\n', encoding="utf-8")
    assert az.change("rest", "--body", "@-", body={"a": [1]}) == {"a": [1]}


def test_what_is_not_replicated_yet_is_retried_a_limited_number_of_times(az: CommandLine, cloud: Cloud) -> None:
    words = ("group", "create", "--name", "x", "--location", "y")
    cloud.fail("group create", code="PrincipalNotFound", message="Principal x does not exist.", times=2)
    assert az.change(*words, retry_on=("PrincipalNotFound",))["name"] == "x"
    cloud.fail("group create", code="PrincipalNotFound", message="Principal x does not exist.", times=9)
    with pytest.raises(CommandError, match="does not exist"):
        az.change(*words, retry_on=("PrincipalNotFound",))
    assert len(cloud.calls()) == 3 + 3
    with pytest.raises(CommandError):
        az.change(*words, retry_on=("SomethingElse",))
    assert len(cloud.calls()) == 3 + 3 + 1


def test_retries_last_two_to_three_minutes() -> None:
    assert 120 <= sum(PAUSES_S) <= 180


def test_az_ad_gets_no_subscription(az: CommandLine, cloud: Cloud) -> None:
    az.subscription = "Gateway"
    az.query("group", "exists", "--name", "x")
    az.query("ad", "app", "list", "--filter", "displayName eq 'x'")
    assert ["--subscription" in call.words for call in cloud.calls()] == [True, False]


def test_the_stand_in_refuses_a_secret_in_an_argument(az: CommandLine, cloud: Cloud) -> None:
    (cloud.folder / "secrets.json").write_text('["hush-hush"]', encoding="utf-8")
    with pytest.raises(CommandError):
        az.query("group", "exists", "--name", "x-hush-hush")
    assert [call.code for call in cloud.calls()] == [99]


def test_a_program_that_cannot_start_is_reported_with_its_path(az: CommandLine, cloud: Cloud) -> None:
    (cloud.bin / "az").write_text("#!/nowhere/python3\n", encoding="utf-8")
    with pytest.raises(
        ScriptError, match=re.escape(f"{cloud.bin}/az does not start: No such file or directory.")
    ) as failed:
        az.query("account", "show")
    assert failed.value.code == 2


def test_gh_uses_github_com_whatever_gh_host_is(az: CommandLine, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_HOST", "contoso.ghe.com")
    (cloud.bin / "gh").write_text('#!/bin/sh\necho "\\"$GH_HOST\\""\n', encoding="utf-8")
    az.program = "gh"
    assert az.query("api", "user") == "github.com"

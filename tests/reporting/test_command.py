"""The command: where lines come from, what is wrong with arguments and files, and what it prints."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from queries import read_query
from scripts import report
from scripts.cli.error_handling import ScriptError
from scripts.cli.settings import settings_of
from scripts.reporting.log_lines import Log
from settings.loading import load_environment
from tests.cloud.az.azure import SUBSCRIPTION
from tests.cloud.az.log_analytics import workspace
from tests.cloud.fixtures import Cloud, Ran
from tests.reporting.builders import event, line, tokens

EXISTING = Path(__file__).parents[1] / "synth/environments/existing.toml"
_NAMING = settings_of("dev").naming
WORKSPACE, GROUP = _NAMING.name("log_analytics_workspace"), _NAMING.name("resource_group")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Where the reports of this test go."""
    return tmp_path / "reports" / "report.html"


def run(cloud: Cloud, page: Path, *words: str) -> tuple[Ran, str]:
    """The command, and the page that it has written."""
    ran = cloud.call(report.main, *words, "--output", str(page))
    return ran, page.read_text(encoding="utf-8") if page.exists() else ""


def deploy(cloud: Cloud, lines: list[str], **more: object) -> None:
    """A workspace with these lines, the newest first."""
    with cloud.edit() as azure:
        azure["workspaces"][WORKSPACE] = workspace(GROUP, lines=lines) | more


def now(**fields: object) -> str:
    """A line of this moment."""
    return line(time=datetime.now(UTC).isoformat(), **fields)


def test_files_become_one_report(cloud: Cloud, page: Path, tmp_path: Path) -> None:
    files = [tmp_path / "a.log", tmp_path / "b.log"]
    files[0].write_text(f"Starting\n{line(0, tokens=tokens(1000, 0))}\n{line(1)[:50]}", encoding="utf-8")
    files[1].write_text(f"{line(2)}\n{event('started')}\n", encoding="utf-8")
    ran, html = run(cloud, page, "--log", *map(str, files))
    assert (ran.code, ran.out) == (0, f"{page}\n")
    assert ran.err == f"{files[0]}, line 3: not valid JSON; was the file cut here?\n"
    assert "2 requests, 1 events, 1 lines of something else, 1 unreadable lines" in html
    assert "AI gateway, dev" in html


def test_a_log_is_read_from_stdin(cloud: Cloud, page: Path) -> None:
    ran = cloud.run("scripts/report.py", "--log", "-", "--output", page, stdin=f"{line()}\n")
    assert (ran.code, ran.err) == (0, "")
    assert "AI gateway, dev" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("content", ["", "Traceback (most recent call last):\n", '{"level": "info"}\n'])
def test_a_file_that_is_no_log_is_refused(content: str, cloud: Cloud, page: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.txt"
    file.write_text(content, encoding="utf-8")
    ran, _ = run(cloud, page, "--log", str(file))
    assert ran.code == 2
    assert ran.err == (f"{file}: has no line of the gateway's log (docs/log.md), which is one JSON object per line.\n")
    assert not page.exists()


def test_a_file_of_broken_lines_alone_is_refused(cloud: Cloud, page: Path, tmp_path: Path) -> None:
    file = tmp_path / "cut.log"
    file.write_text(line()[:50], encoding="utf-8")
    ran, _ = run(cloud, page, "--log", str(file))
    assert ran.code == 2
    assert ran.err.splitlines() == [
        f"{file}, line 1: not valid JSON; was the file cut here?",
        "None of these lines can be read.",
    ]


def test_a_log_without_requests_has_a_report(cloud: Cloud, page: Path, tmp_path: Path) -> None:
    file = tmp_path / "gateway.log"
    file.write_text(event("started"), encoding="utf-8")
    ran, html = run(cloud, page, "--log", str(file))
    assert ran.code == 0
    assert "There are no requests in this period." in html


def test_a_missing_file_is_named(cloud: Cloud, page: Path, tmp_path: Path) -> None:
    ran, _ = run(cloud, page, "--log", str(tmp_path / "nowhere.log"))
    assert (ran.code, ran.err) == (2, f"{tmp_path / 'nowhere.log'}: No such file or directory\n")


def test_what_comes_after_the_limit_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "gateway.log"
    file.write_text("\n".join([line(0), line(1), line(2)]), encoding="utf-8")
    lines = Log()
    report.read_files(lines, [str(file), str(file)], max_lines=2)
    assert len(lines.requests) == 2
    assert lines.cut


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "name an environment (--env dev), or log files (--log FILE)"),
        (("--log", "a", "--days", "3"), "--days is for Log Analytics"),
        (("--env", "dev", "--days", "0"), "'0' is not a number of days from 1 to 730"),
        (("--env", "dev", "--days", "week"), "'week' is not a number of days"),
        (("--log", "a", "--simulated-day"), "not allowed with argument --log"),
    ],
)
def test_wrong_arguments_are_explained(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        report.parse([*words])
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_an_unknown_environment_is_explained(cloud: Cloud, page: Path) -> None:
    ran, _ = run(cloud, page, "--env", "nowhere")
    assert ran.code == 2
    assert ran.err.startswith("There is no environment 'nowhere'")


def test_the_simulated_day_says_what_it_is(cloud: Cloud, page: Path) -> None:
    ran, html = run(cloud, page, "--simulated-day")
    assert ran.code == 0
    assert "AI gateway, a simulated day" in html
    assert "Nothing of it was measured." in html
    assert cloud.calls() == []


def test_the_last_days_come_from_the_workspace(cloud: Cloud, page: Path) -> None:
    deploy(cloud, [now(), now(status=503), "noise"])
    ran, html = run(cloud, page, "--env", "dev", "--days", "3")
    assert (ran.code, ran.err) == (0, "")
    assert "2 requests, 0 events, 1 lines of something else" in html
    assert f"From Log Analytics, {WORKSPACE}." in html
    assert "incomplete" not in html
    asked = cloud.calls("az")[-1].words
    body = json.loads(asked[asked.index("--body") + 1])
    query = read_query("access_lines").with_values(period="3d", container_app='"pvc-dev-aigateway-ca-san"')
    assert body == {"query": query.text}


def test_an_existing_workspace_is_asked_for_the_lines_of_the_environments_app(
    cloud: Cloud, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = EXISTING.read_text(encoding="utf-8").replace("11111111-2222-3333-4444-555555555555", SUBSCRIPTION)
    (tmp_path / "existing.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(report, "settings_of", lambda _: load_environment(tmp_path / "existing.toml"))
    with cloud.edit() as azure:
        azure["workspaces"]["law-shared"] = workspace("rg-logs", lines=[now()])
    ran, html = run(cloud, page, "--env", "existing")
    assert ran.code == 0, ran.err
    assert "From Log Analytics, law-shared." in html
    assert 'let container_app = \\"pvc-existing-aigateway-ca-san\\";' in " ".join(cloud.calls("az")[-1].words)


def test_the_page_has_the_days_that_were_asked_for(cloud: Cloud, page: Path) -> None:
    deploy(cloud, [])
    ran, html = run(cloud, page, "--env", "dev", "--days", "2")
    assert ran.code == 0
    assert "There are no requests in this period." in html
    begin, end = (datetime.fromisoformat(time) for time in html.partition(" UTC.")[0][-36:].split(" to "))
    assert 2 <= (end - begin).total_seconds() / 86_400 < 2.1


def test_more_lines_than_an_answer_has_are_told(cloud: Cloud, page: Path) -> None:
    with cloud.edit() as azure:
        azure["workspaces"][WORKSPACE] = workspace(GROUP, lines=[now(), now()], total=120_000)
    _, html = run(cloud, page, "--env", "dev")
    assert "This report is incomplete: it has 2 of 120,000 lines, the newest." in html


def test_an_incomplete_answer_is_told(cloud: Cloud, page: Path) -> None:
    deploy(cloud, [now()])
    with cloud.edit() as azure:
        azure["workspaces"][WORKSPACE]["answer"]["error"] = {"code": "PartialError"}
    _, html = run(cloud, page, "--env", "dev")
    assert 'it has only what Log Analytics gave: {"code": "PartialError"}.' in html


def test_an_environment_that_is_not_deployed_is_told(cloud: Cloud, page: Path) -> None:
    ran, _ = run(cloud, page, "--env", "dev")
    assert (ran.code, ran.err) == (1, f"There is no workspace {WORKSPACE} in {GROUP}: dev is not deployed yet.\n")


def test_a_refusal_of_azure_is_shown(cloud: Cloud, page: Path) -> None:
    deploy(cloud, [])
    cloud.fail(
        "rest --method post",
        code="InsufficientAccessError",
        message="The provided credentials have insufficient access",
    )
    ran, _ = run(cloud, page, "--env", "dev")
    assert ran.code == 1
    assert "insufficient access" in ran.err
    assert not page.exists()


@pytest.mark.parametrize("answer", [{"tables": []}, {"tables": [{"rows": [["a line"]]}]}, {"value": 1}, []])
def test_an_unexpected_answer_is_shown(answer: object, cloud: Cloud, page: Path) -> None:
    deploy(cloud, [], answer=answer)
    ran, _ = run(cloud, page, "--env", "dev")
    assert ran.code == 1
    assert ran.err.startswith("Log Analytics gave an unexpected answer: ")


def test_lines_in_different_time_zones_are_in_one_period() -> None:
    lines = Log()
    with pytest.raises(ScriptError):
        report.period_of_lines(lines)
    lines.add(line(time="2026-11-30T11:00:00+02:00"), where="a")
    lines.add(line(time="2026-11-30T09:00:30+00:00"), where="b")
    assert report.period_of_lines(lines).count == 31

"""One comment per environment on a pull request, as a workflow writes it."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts import comment as script
from tests.cloud.fixtures import Cloud, Ran
from tests.cloud.gh.github import ROBOT, issue

NUMBER = 7


@pytest.fixture
def runner(cloud: Cloud) -> Cloud:
    """A workflow of pull request 7, which has comments enough for two pages."""
    with cloud.edit("gh") as gh:
        gh["login"] = ROBOT
        pull_request = issue(NUMBER, body="Please", user="grace", pull_request=True)
        pull_request["comments"] = [{"id": number, "body": "Hm.", "user": "grace"} for number in range(40)]
        gh["issues"].append(pull_request)
    return cloud


def comment(cloud: Cloud, text: str, *words: str, env: str = "dev", **environ: str) -> Ran:
    """Run the script with the variables of a runner."""
    (cloud.folder / "plan.md").write_text(text, encoding="utf-8")
    (cloud.folder / "event.json").write_text(json.dumps({"pull_request": {"number": NUMBER}}), encoding="utf-8")
    runners = {
        "GITHUB_EVENT_PATH": str(cloud.folder / "event.json"),
        "GITHUB_REPOSITORY": "contoso/gateway",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_RUN_ID": "99",
    }
    file = str(cloud.folder / "plan.md")
    return cloud.call(script.main, "--env", env, "--file", file, *words, env={**runners, **environ})


def comments(cloud: Cloud) -> list[dict[str, Any]]:
    """Those that a workflow wrote."""
    [pull_request] = cloud.state("gh")["issues"]
    return [each for each in pull_request["comments"] if each["user"] == ROBOT]


def test_each_environment_has_one_comment_that_is_updated(runner: Cloud) -> None:
    for env in ("dev", "prod"):
        assert comment(runner, f"### Plan for {env}", env=env).code == 0
    before = comments(runner)
    assert len(before) == 2
    assert comment(runner, "### Plan for dev: no changes").code == 0
    assert [each["id"] for each in comments(runner)] == [each["id"] for each in before]
    assert [each["body"].splitlines()[1] for each in comments(runner)] == [
        "### Plan for dev: no changes",
        "### Plan for prod",
    ]


def test_the_same_text_is_not_sent_again(runner: Cloud) -> None:
    assert comment(runner, "### Plan").code == 0
    runner.forget_calls()
    assert comment(runner, "### Plan").code == 0
    assert runner.changes() == []


def test_a_comment_of_somebody_else_with_the_same_mark_is_left_alone(runner: Cloud) -> None:
    with runner.edit("gh") as gh:
        gh["issues"][0]["comments"].append({"id": 5000, "body": "<!-- aigateway plan dev -->\nMine", "user": "grace"})
    assert comment(runner, "### Plan").code == 0
    [pull_request] = runner.state("gh")["issues"]
    assert next(each for each in pull_request["comments"] if each["id"] == 5000)["body"].endswith("Mine")
    assert len(comments(runner)) == 1


def test_a_text_that_is_too_long_is_truncated_after_a_line_with_a_note(runner: Cloud) -> None:
    ran = comment(runner, "### Plan\n\n" + "| a line of the plan |\n" * 5000)
    assert ran.code == 0, ran.err
    [written] = comments(runner)
    assert 65_000 < len(written["body"]) <= 65_536
    *_, line, empty, note = written["body"].rstrip().splitlines()
    assert (line, empty) == ("| a line of the plan |", "")
    assert (
        "The job summary of [this run](https://github.com/contoso/gateway/actions/runs/99) has the whole text." in note
    )


def test_a_text_of_the_longest_length_is_whole(runner: Cloud) -> None:
    text = "x" * (65_536 - len("<!-- aigateway plan dev -->\n") - 1)
    assert comment(runner, text).code == 0
    assert comments(runner)[0]["body"].count("x") == len(text)


def test_the_text_is_no_argument(runner: Cloud) -> None:
    assert comment(runner, "a-word-of-the-plan").code == 0
    assert "a-word-of-the-plan" not in str([call.words for call in runner.calls()])


def test_the_number_is_in_the_ref_where_there_is_no_event(runner: Cloud) -> None:
    ran = comment(runner, "### Plan", GITHUB_EVENT_PATH="", GITHUB_REF=f"refs/pull/{NUMBER}/merge")
    assert ran.code == 0, ran.err
    assert len(comments(runner)) == 1


def test_outside_of_a_pull_request_it_needs_the_number(runner: Cloud) -> None:
    ran = comment(runner, "### Plan", GITHUB_EVENT_PATH="", GITHUB_REF="refs/heads/main")
    assert ran.code == 2
    assert "--pull-request N" in ran.err


def test_a_person_comments_under_their_own_name(runner: Cloud) -> None:
    with runner.edit("gh") as gh:
        gh["login"] = "ada"
    assert comment(runner, "### Plan", "--pull-request", str(NUMBER)).code == 0
    [pull_request] = runner.state("gh")["issues"]
    assert pull_request["comments"][-1]["user"] == "ada"


def test_a_missing_permission_is_named(runner: Cloud) -> None:
    with runner.edit("gh") as gh:
        gh["permissions"] = []
    ran = comment(runner, "### Plan")
    assert ran.code == 1
    assert "`pull-requests: write`" in ran.err
    assert "Traceback" not in ran.err


def test_a_missing_file_is_reported(runner: Cloud, tmp_path: Path) -> None:
    ran = comment(runner, "", "--file", str(tmp_path / "none.md"))
    assert ran.code == 2
    assert "none.md" in ran.err

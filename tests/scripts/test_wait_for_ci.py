"""A deployment waits for the workflow *ci* of its commit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from scripts.azure.polling import Polling
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError
from scripts.github.ci_run import NO_RUN_S, wait_for_ci
from scripts.wait_for_ci import parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
STEP_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Clock(Polling):
    """Pauses of a minute that take no time."""

    timeout_s: float = 1800
    interval_s: float = STEP_S

    def attempts(self) -> Iterator[float]:
        yield from (number * STEP_S for number in range(int(self.timeout_s / STEP_S) + 1))


@dataclass
class GitHub(CommandLine):
    """What GitHub answers, one answer after the other; the last one stays."""

    answers: list[list[dict[str, Any]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def query(self, *words: str) -> Any:  # noqa: ANN401 - as in the parent
        self.asked.append(words[1])
        return {"workflow_runs": self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]}


def run(status: str, conclusion: str | None = None, number: int = 1) -> dict[str, Any]:
    """A run of the workflow."""
    return {"id": number, "status": status, "conclusion": conclusion, "html_url": f"https://github.com/r/{number}"}


def wait(*answers: list[dict[str, Any]]) -> GitHub:
    """Until there is a result."""
    github = GitHub("gh", answers=list(answers))
    wait_for_ci(github, "contoso/gateway", commit=COMMIT, polling=Clock())
    return github


def test_it_waits_until_ci_has_passed(capsys: pytest.CaptureFixture[str]) -> None:
    github = wait([], [run("queued")], [run("in_progress")], [run("in_progress")], [run("completed", "success")])
    assert len(github.asked) == 5
    assert set(github.asked) == {f"repos/contoso/gateway/actions/workflows/ci.yml/runs?head_sha={COMMIT}&event=push"}
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "ci is queued: https://github.com/r/1",
        "ci is in_progress: https://github.com/r/1",
        f"ci has passed for {COMMIT}.",
    ]


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "timed_out", "skipped", "action_required", "neutral"])
def test_whatever_else_it_ends_with_stops_the_deployment(conclusion: str) -> None:
    with pytest.raises(ScriptError, match=f"has not passed for {COMMIT}: {conclusion}. See https://github.com/r/1"):
        wait([run("completed", conclusion)])


def test_the_newest_run_counts() -> None:
    with pytest.raises(ScriptError, match="failure"):
        wait([run("completed", "success", 1), run("completed", "failure", 2)])


def test_a_commit_without_a_run_is_refused_after_some_minutes() -> None:
    github = GitHub("gh", answers=[[]])
    with pytest.raises(ScriptError, match=f"ci has no run for {COMMIT}"):
        wait_for_ci(github, "contoso/gateway", commit=COMMIT, polling=Clock())
    assert len(github.asked) == NO_RUN_S / STEP_S + 1


def test_a_run_that_does_not_end_is_not_waited_for_for_ever() -> None:
    with pytest.raises(ScriptError, match=f"has not ended for {COMMIT} after 30 minutes"):
        wait([run("in_progress")])


def test_the_commit_is_that_of_the_workflow_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SHA", COMMIT)
    assert parse([]).commit == COMMIT


@pytest.mark.parametrize("words", [[], ["--commit", "main"], ["--commit", "0123abc"]])
def test_a_whole_commit_is_needed(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_SHA", raising=False)
    with pytest.raises(SystemExit) as stopped:
        parse(words)
    assert stopped.value.code == 2

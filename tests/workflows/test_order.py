"""Which deployments run, and after which, as GitHub decides it by `needs` and `if`."""

import re
from typing import Any

import pytest

from tests.workflows.files import WORKFLOWS

DEPLOYS = WORKFLOWS["deploy"]["jobs"]
_STATUS = re.compile(r"\b(always|cancelled|failure|success)\(\)")


def holds(condition: str, *, event: str, chosen: str, results: dict[str, str], cancelled: bool) -> bool:
    """The value of an `if`; one that names no status wants every needed job to have succeeded."""
    if not _STATUS.search(condition):
        condition = f"success() && ({condition})"
    names = {
        "github.event_name": event,
        "inputs.environment": chosen,
        **{f"needs.{job}.result": result for job, result in results.items()},
    }
    text = re.sub(r"[a-z_]+(\.[a-z_]+)+", lambda found: repr(names[found[0]]), condition)
    text = text.replace("&&", " and ").replace("||", " or ").replace("!cancelled()", str(not cancelled))
    text = text.replace("success()", str(set(results.values()) <= {"success"}))
    return bool(eval(text, {"__builtins__": {}}))  # noqa: S307 - an expression of our own file


def run(*, event: str = "push", chosen: str = "", failing: str = "", cancelled: bool = False) -> dict[str, str]:
    """The result of every job."""
    results: dict[str, str] = {}
    for name, job in DEPLOYS.items():
        needed = {before: results[before] for before in [job["needs"]] if before} if "needs" in job else {}
        runs = holds(job["if"], event=event, chosen=chosen, results=needed, cancelled=cancelled and bool(needed))
        results[name] = ("failure" if name == failing else "success") if runs else "skipped"
    return results


def test_main_goes_from_dev_to_staging_to_prod() -> None:
    assert list(DEPLOYS) == ["dev", "staging", "prod"]
    assert run() == {"dev": "success", "staging": "success", "prod": "success"}


@pytest.mark.parametrize(
    ("failing", "results"),
    [
        ("dev", {"dev": "failure", "staging": "skipped", "prod": "skipped"}),
        ("staging", {"dev": "success", "staging": "failure", "prod": "skipped"}),
    ],
)
def test_nothing_follows_a_deployment_that_failed(failing: str, results: dict[str, str]) -> None:
    assert run(failing=failing) == results


@pytest.mark.parametrize("chosen", DEPLOYS)
def test_by_hand_it_is_the_chosen_one_alone(chosen: str) -> None:
    results = run(event="workflow_dispatch", chosen=chosen)
    assert results == {name: "success" if name == chosen else "skipped" for name in DEPLOYS}


def test_a_cancelled_run_deploys_nothing_more() -> None:
    assert run(cancelled=True) == {"dev": "success", "staging": "skipped", "prod": "skipped"}


def test_each_waits_for_the_one_before() -> None:
    chain: list[Any] = [job.get("needs") for job in DEPLOYS.values()]
    assert chain == [None, "dev", "staging"]


def test_it_starts_with_main_or_by_hand() -> None:
    on = WORKFLOWS["deploy"]["on"]
    assert on["push"] == {"branches": ["main"]}
    assert set(on) == {"push", "workflow_dispatch"}

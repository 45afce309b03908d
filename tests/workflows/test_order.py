"""Which deployments run, and after which, as GitHub decides it by `needs` and `if`."""

import re
from graphlib import TopologicalSorter

import pytest

from tests.workflows.files import WORKFLOWS

DEPLOYS = WORKFLOWS["deploy"]["jobs"]
_STATUS = re.compile(r"\b(always|cancelled|failure|success)\(\)")


def needs(env: str) -> list[str]:
    """The jobs that it names."""
    named: str | list[str] = DEPLOYS[env].get("needs", [])
    found = [named] if isinstance(named, str) else named
    for job in found:
        assert job in DEPLOYS, f".github/workflows/deploy.yml: the job {env} needs {job}, which is no job there"
    return found


def holds(condition: str, *, event: str, chosen: str, results: dict[str, str], cancelled: bool) -> bool:
    """The value of an `if`; one that names no status wants every needed job to have succeeded."""
    if not _STATUS.search(condition):
        condition = f"success() && ({condition})"
    names = {
        "github.event_name": event,
        "inputs.environment": chosen,
        **{f"needs.{job}.result": result for job, result in results.items()},
    }

    def value(found: re.Match[str]) -> str:
        assert found[0] in names, f"deploy.yml: `if: {condition}` asks for {found[0]}, which `needs` does not name"
        return repr(names[found[0]])

    text = re.sub(r"\w+(\.[\w-]+)+", value, condition)
    text = text.replace("&&", " and ").replace("||", " or ").replace("!cancelled()", str(not cancelled))
    text = text.replace("success()", str(set(results.values()) <= {"success"}))
    return bool(eval(text, {"__builtins__": {}}))  # noqa: S307 - an expression of our own file


def run(*, event: str = "push", chosen: str = "", failing: str = "", cancelled: bool = False) -> dict[str, str]:
    """The result of every job."""
    results: dict[str, str] = {}
    for name in TopologicalSorter({env: needs(env) for env in DEPLOYS}).static_order():
        needed = {env: results[env] for env in needs(name)}
        runs = holds(
            DEPLOYS[name]["if"], event=event, chosen=chosen, results=needed, cancelled=cancelled and bool(needed)
        )
        results[name] = ("failure" if name == failing else "success") if runs else "skipped"
    return results


def before(env: str) -> set[str]:
    """The jobs that it waits for, whether it says so itself or one of them does."""
    return {*needs(env), *(earlier for needed in needs(env) for earlier in before(needed))}


def test_main_goes_to_every_environment() -> None:
    assert run() == dict.fromkeys(DEPLOYS, "success")


def test_dev_alone_waits_for_no_other() -> None:
    assert [env for env in DEPLOYS if not needs(env)] == ["dev"]


@pytest.mark.skipif(not {"staging", "prod"} <= DEPLOYS.keys(), reason="there is none of the two")
def test_prod_waits_for_staging() -> None:
    assert "staging" in before("prod")


@pytest.mark.parametrize("failing", DEPLOYS)
def test_nothing_follows_a_deployment_that_failed(failing: str) -> None:
    results = {env: "skipped" if failing in before(env) else "success" for env in DEPLOYS}
    assert run(failing=failing) == {**results, failing: "failure"}


@pytest.mark.parametrize("chosen", DEPLOYS)
def test_by_hand_it_is_the_chosen_one_alone(chosen: str) -> None:
    results = run(event="workflow_dispatch", chosen=chosen)
    assert results == {name: "success" if name == chosen else "skipped" for name in DEPLOYS}


def test_a_cancelled_run_deploys_nothing_more() -> None:
    assert run(cancelled=True) == {env: "skipped" if before(env) else "success" for env in DEPLOYS}

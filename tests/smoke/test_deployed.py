"""The smoke test of a deployed environment that may not let this machine in."""

import pytest

from scripts.azure import smoke_testing
from scripts.azure.smoke_testing import smoke
from scripts.smoke_test import Report, Result, Target
from scripts.smoke_test.diagnosis import Context

URL = "https://gateway.example/v1"
COMMAND = f"GATEWAY_KEY=... python3 scripts/smoke.py --env dev --base-url {URL}"
ALLOWLIST = "AIGATEWAY_INGRESS__IP_ALLOWLIST"


@pytest.fixture
def diagnosed(monkeypatch: pytest.MonkeyPatch, target: Target) -> pytest.MonkeyPatch:
    """`run` finds that the ingress does not allow this machine."""
    return found(monkeypatch, target, "address-not-allowed")


def found(monkeypatch: pytest.MonkeyPatch, target: Target, *advice: str) -> pytest.MonkeyPatch:
    context = Context(base_url=URL, target=target)
    results = [
        Result(check=name, model="", status="failed", ms=1.0, note="", diagnosis=context.diagnose(name))
        for name in advice
    ] or [Result(check="gateway", model="", status="passed", ms=1.0, note="")]
    report = Report(base_url=URL, env="dev", project="default", results=tuple(results))
    monkeypatch.setattr(smoke_testing, "run", lambda **_: report)
    return monkeypatch


def test_all_checks_passed(monkeypatch: pytest.MonkeyPatch, target: Target) -> None:
    found(monkeypatch, target)
    result = smoke("dev", base_url=URL, key="k")
    assert (result.passed, result.words) == (True, "passed")
    assert result.markdown.startswith("### Smoke test of dev: passed")


def test_a_machine_that_is_not_in_the_allowlist_cannot_test(
    diagnosed: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    diagnosed.setenv(ALLOWLIST, "203.0.113.0/24")
    result = smoke("dev", base_url=URL, key="k")
    assert (result.passed, result.words) == (True, "not run: this machine is not in ip_allowlist")
    err = capsys.readouterr().err
    assert "the ingress allows only 203.0.113.0/24." in err
    assert COMMAND in err


def test_without_an_allowlist_a_machine_that_is_not_allowed_is_a_failure(diagnosed: pytest.MonkeyPatch) -> None:
    diagnosed.delenv(ALLOWLIST, raising=False)
    result = smoke("dev", base_url=URL, key="k")
    assert (result.passed, result.words) == (False, "FAILED")
    assert result.markdown.startswith("### Smoke test of dev: FAILED")


@pytest.mark.parametrize("advice", [["invalid-api-key"], ["address-not-allowed", "no-replica"]])
def test_an_allowlist_excuses_no_other_failure(
    monkeypatch: pytest.MonkeyPatch, target: Target, advice: list[str]
) -> None:
    found(monkeypatch, target, *advice)
    monkeypatch.setenv(ALLOWLIST, "203.0.113.0/24")
    assert not smoke("dev", base_url=URL, key="k").passed


def test_an_internal_ingress_is_tested_from_inside_only(
    monkeypatch: pytest.MonkeyPatch, target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, target, "invalid-api-key")
    monkeypatch.setenv("AIGATEWAY_INGRESS__EXTERNAL", "false")
    result = smoke("dev", base_url=URL, key="k", project=None)
    assert (result.passed, result.words) == (True, "not run: the ingress is internal")
    assert COMMAND in capsys.readouterr().err
    assert not smoke("dev", base_url=URL, key="k", is_allowed=True).passed


def test_a_key_that_no_header_can_hold_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    result = smoke("dev", base_url=URL, key="a b")
    assert (result.passed, result.words) == (False, "not run: the key is not valid")
    assert "The key is empty, or has spaces" in capsys.readouterr().err

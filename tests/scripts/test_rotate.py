"""A key is rotated against a stand-in vault, and a gateway that learns of each change a little later."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import rotate as script
from scripts.azure import rotation
from scripts.azure.rotation import phase_of
from scripts.azure.smoke_testing import Smoke
from settings.secret_names import derived_second_key
from tests.cloud.az.keyvault import version
from tests.cloud.fixtures import Cloud, Ran
from tests.cloud.gateway import serve
from tests.scripts.clock import Clock

VAULT = "pvc-dev-aigateway-kv-san"
FIRST, SECOND = "gateway-key", "gateway-key-secondary"
OLD = "the-key-that-clients-have"
TAGS = {"env": "dev", "project": "aigateway"}
DELAY_S = 100.0


@pytest.fixture
def base_url(cloud: Cloud, clock: Clock) -> Iterator[str]:
    """The gateway of dev after a first deployment."""
    with cloud.edit() as azure:
        azure["vaults"][VAULT] = {
            FIRST: [version(OLD, tags=TAGS)],
            SECOND: [version(derived_second_key(OLD), tags=TAGS)],
            "inner-key": [version("inner")],
        }
    with serve(cloud, VAULT, delay_s=DELAY_S, now=clock.monotonic) as url:
        yield url


@pytest.fixture
def smokes(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The smoke tests that were run; they pass."""
    smokes: list[dict[str, Any]] = []

    def smoke(env: str, **arguments: object) -> Smoke:
        smokes.append({"env": env, **arguments})
        return Smoke(passed=True, words="passed")

    monkeypatch.setattr(rotation, "smoke", smoke)
    return smokes


def rotate(
    cloud: Cloud, step: str, *words: str, base_url: str, env: dict[str, str] | None = None, smoke: bool = False
) -> Ran:
    """With the stacks that are there."""
    given = ("--env", "dev", "--base-url", base_url, "--skip-synth", *([] if smoke else ["--no-smoke"]))
    return cloud.call(script.main, *given, step, *words, env=env)


def values(cloud: Cloud, name: str) -> list[str]:
    """All versions of a secret, the oldest first."""
    return [each["value"] for each in cloud.state()["vaults"][VAULT][name]]


def test_add_creates_a_second_key_and_waits_until_both_are_accepted(cloud: Cloud, base_url: str) -> None:
    ran = rotate(cloud, "add", base_url=base_url)
    assert ran.code == 0, ran.err
    assert values(cloud, FIRST) == [OLD]
    [before, new] = values(cloud, SECOND)
    assert before == derived_second_key(OLD)
    assert len(new) == 43
    assert "200 to the old key, 401 to the new key; " in ran.err
    assert "200 to the old key, 200 to the new key, 20 times in a row" in ran.err
    assert f"az keyvault secret show --vault-name {VAULT} --name {SECOND} --query value --output tsv" in ran.err


def test_retire_makes_the_second_key_the_first(cloud: Cloud, base_url: str) -> None:
    assert rotate(cloud, "add", base_url=base_url).code == 0
    new = values(cloud, SECOND)[-1]
    ran = rotate(cloud, "retire", base_url=base_url)
    assert ran.code == 0, ran.err
    assert values(cloud, FIRST) == [OLD, new]
    assert values(cloud, SECOND)[-1] == derived_second_key(new)
    assert values(cloud, "inner-key") == ["inner"]
    assert "200 to the new key, 401 to the old key, 20 times in a row" in ran.err
    assert f"Deployments keep the new one, gateway-key in {VAULT}." in ran.err


def test_content_type_and_tags_stay_as_terraform_wrote_them(cloud: Cloud, base_url: str) -> None:
    for step in ("add", "retire"):
        assert rotate(cloud, step, base_url=base_url).code == 0
    for name in (FIRST, SECOND):
        versions = cloud.state()["vaults"][VAULT][name]
        assert {(each["contentType"], json.dumps(each["tags"])) for each in versions} == {
            ("text/plain", json.dumps(TAGS))
        }


def test_no_key_is_in_an_argument_or_in_the_output(cloud: Cloud, base_url: str) -> None:
    runs = [rotate(cloud, step, base_url=base_url) for step in ("add", "retire")]
    seen = "".join(ran.out + ran.err for ran in runs) + str([call.words for call in cloud.calls()])
    for key in {*values(cloud, FIRST), *values(cloud, SECOND)}:
        assert key not in seen


def test_both_steps_can_be_repeated(cloud: Cloud, base_url: str) -> None:
    for step in ("add", "retire"):
        assert rotate(cloud, step, base_url=base_url).code == 0
        cloud.forget_calls()
        again = rotate(cloud, step, base_url=base_url)
        assert again.code == 0, again.err
        assert cloud.changes() == []


@pytest.mark.parametrize("change", [1, 2])
def test_a_retirement_that_was_killed_at_a_write_is_finished_by_the_next(
    cloud: Cloud,
    base_url: str,
    change: int,
) -> None:
    assert rotate(cloud, "add", base_url=base_url).code == 0
    new = values(cloud, SECOND)[-1]
    cloud.kill(change=change, when="after")
    assert rotate(cloud, "retire", base_url=base_url).code == -signal.SIGKILL
    ran = rotate(cloud, "retire", base_url=base_url)
    assert ran.code == 0, ran.err
    assert values(cloud, FIRST) == [OLD, new]
    assert values(cloud, SECOND)[-1] == derived_second_key(new)
    assert "401 to the old key, 20 times in a row" in ran.err


def test_an_addition_that_was_killed_keeps_its_key(cloud: Cloud, base_url: str) -> None:
    cloud.kill(change=1, when="after")
    assert rotate(cloud, "add", base_url=base_url).code == -signal.SIGKILL
    made = values(cloud, SECOND)
    assert rotate(cloud, "add", base_url=base_url).code == 0
    assert values(cloud, SECOND) == made


def test_no_key_is_added_to_an_interrupted_retirement(cloud: Cloud, base_url: str) -> None:
    with cloud.edit() as azure:
        azure["vaults"][VAULT][SECOND] = [version(OLD)]
    ran = rotate(cloud, "add", base_url=base_url)
    assert (ran.code, "Run this with `retire` to finish it." in ran.err) == (1, True)
    assert cloud.changes() == []


def test_a_second_key_that_is_derived_from_an_earlier_first_one_is_replaced(cloud: Cloud, base_url: str) -> None:
    with cloud.edit() as azure:
        azure["vaults"][VAULT] = {FIRST: [version(OLD), version("by-hand")], SECOND: [version(derived_second_key(OLD))]}
    ran = rotate(cloud, "add", base_url=base_url)
    assert ran.code == 0, ran.err
    assert len(values(cloud, SECOND)[-1]) == 43
    assert rotate(cloud, "retire", base_url=base_url).code == 0
    assert derived_second_key(OLD) not in (values(cloud, FIRST)[-1], values(cloud, SECOND)[-1])


def test_a_retirement_replaces_a_second_key_that_is_derived_from_an_earlier_first_one(
    cloud: Cloud, base_url: str
) -> None:
    with cloud.edit() as azure:
        azure["vaults"][VAULT] = {FIRST: [version(OLD), version("by-hand")], SECOND: [version(derived_second_key(OLD))]}
    ran = rotate(cloud, "retire", base_url=base_url)
    assert ran.code == 0, ran.err
    assert values(cloud, FIRST) == [OLD, "by-hand"]
    assert values(cloud, SECOND)[-1] == derived_second_key("by-hand")


def test_nothing_is_retired_while_there_is_no_second_key(cloud: Cloud, base_url: str) -> None:
    ran = rotate(cloud, "retire", base_url=base_url)
    assert ran.code == 1
    assert "There is no second key that clients could have moved to. Run this with `add` first." in ran.err
    assert cloud.changes() == []


def test_a_disabled_version_is_no_key_that_clients_had(cloud: Cloud, base_url: str) -> None:
    with cloud.edit() as azure:
        azure["vaults"][VAULT] = {
            FIRST: [version("never-given") | {"enabled": False}, version(OLD)],
            SECOND: [version(derived_second_key(OLD))],
        }
    ran = rotate(cloud, "retire", base_url=base_url)
    assert (ran.code, "There is no second key" in ran.err) == (1, True)


def test_nothing_is_changed_if_the_gateway_does_not_know_the_key_of_the_vault(
    cloud: Cloud,
    base_url: str,
) -> None:
    with cloud.edit() as azure:
        azure["vaults"][VAULT] = {FIRST: [version("x", made=9e9)], SECOND: [version(derived_second_key("x"))]}
    ran = rotate(cloud, "add", base_url=base_url)
    assert ran.code == 1
    assert f"After 2400 s the gateway at {base_url} still answers 401 to the key." in ran.err
    assert cloud.changes() == []


def test_nothing_is_retired_before_the_second_key_is_accepted(cloud: Cloud, base_url: str) -> None:
    with cloud.edit() as azure:
        azure["vaults"][VAULT][SECOND].append(version("not-read-yet", made=9e9))
    ran = rotate(cloud, "retire", "--wait-s", "60", base_url=base_url)
    assert ran.code == 1
    assert f"After 60 s the gateway at {base_url} still answers 200 to the old key, 401 to the new key." in ran.err
    assert cloud.changes() == []


def test_a_gateway_that_cannot_be_reached_is_reported_after_the_timeout(cloud: Cloud, base_url: str) -> None:
    assert base_url
    ran = rotate(cloud, "add", "--wait-s", "60", base_url="http://127.0.0.1:9")
    assert ran.code == 1
    assert "still answers ConnectError to the key" in ran.err


def test_another_project_has_its_own_secrets_and_smoke_tests(
    cloud: Cloud, base_url: str, smokes: list[dict[str, Any]]
) -> None:
    with cloud.edit() as azure:
        azure["vaults"][VAULT] |= {
            "gateway-key-index": [version("indexers-key")],
            "gateway-key-index-secondary": [version(derived_second_key("indexers-key"))],
        }
    projects = {"AIGATEWAY_PROJECTS": json.dumps({"index": {}, "team": {"default": True}})}
    ran = rotate(cloud, "add", "--project", "index", base_url=base_url, env=projects)
    assert ran.code == 0, ran.err
    assert len(values(cloud, "gateway-key-index-secondary")) == 2
    assert len(values(cloud, SECOND)) == 1
    ran = rotate(cloud, "retire", "--project", "index", base_url=base_url, env=projects, smoke=True)
    assert [smoke["project"] for smoke in smokes] == ["index"]
    assert "keep the new one, gateway-key-index in" in ran.err
    wrong = rotate(cloud, "add", "--project", "nope", base_url=base_url, env=projects)
    assert (wrong.code, wrong.err) == (2, "There is no project 'nope' in dev; there are team, index.\n")


def test_an_empty_project_is_the_default(cloud: Cloud, base_url: str) -> None:
    assert rotate(cloud, "add", "--project", "", base_url=base_url).code == 0
    assert len(values(cloud, SECOND)) == 2


def test_a_closed_vault_is_explained(cloud: Cloud, base_url: str) -> None:
    with cloud.edit() as azure:
        azure["vaults_are_closed"] = True
    ran = rotate(cloud, "add", base_url=base_url)
    assert ran.code == 1
    assert "Key Vault Secrets Officer" in ran.err
    assert "Traceback" not in ran.err


def test_a_dry_run_shows_the_write_and_makes_none(cloud: Cloud, base_url: str) -> None:
    ran = rotate(cloud, "add", "--dry-run", base_url=base_url)
    assert ran.code == 0, ran.err
    assert f"would run: az rest --method put --url 'https://{VAULT}.vault.azure.net/secrets/{SECOND}?" in ran.err
    assert f"{SECOND} would be a new key." in ran.err
    assert cloud.changes() == []


def test_add_ends_with_a_smoke_test_with_either_key(cloud: Cloud, base_url: str, smokes: list[dict[str, Any]]) -> None:
    ran = rotate(cloud, "add", base_url=base_url, smoke=True)
    assert ran.code == 0, ran.err
    assert [(smoke["key"], smoke["base_url"]) for smoke in smokes] == [
        (OLD, base_url),
        (values(cloud, SECOND)[-1], base_url),
    ]
    assert all(smoke["is_allowed"] for smoke in smokes)
    steps = ["Smoke test with the old key", "Smoke test with the new key", "Both keys work."]
    assert sorted(steps, key=ran.err.index) == steps


def test_retire_ends_with_a_smoke_test_with_the_new_key(
    cloud: Cloud, base_url: str, smokes: list[dict[str, Any]]
) -> None:
    with cloud.edit() as azure:
        azure["vaults"][VAULT][SECOND].append(version("the-second"))
    ran = rotate(cloud, "retire", base_url=base_url, smoke=True)
    assert ran.code == 0, ran.err
    assert [smoke["key"] for smoke in smokes] == ["the-second"]
    assert ran.err.index("Smoke test with the new key") < ran.err.index("The old key is refused.")


@pytest.mark.parametrize(("step", "key"), [("add", "the old key"), ("retire", "the new key")])
def test_a_smoke_test_that_fails_is_the_end(
    cloud: Cloud, base_url: str, monkeypatch: pytest.MonkeyPatch, step: str, key: str
) -> None:
    with cloud.edit() as azure:
        azure["vaults"][VAULT][SECOND].append(version("the-second"))
    monkeypatch.setattr(rotation, "smoke", lambda _env, **_: Smoke(passed=False, words="FAILED"))
    ran = rotate(cloud, step, base_url=base_url, smoke=True)
    assert ran.code == 1
    assert f"The smoke test with {key} failed. Its report says why; then repeat this command." in ran.err
    assert "Both keys work" not in ran.err
    assert "The old key is refused." not in ran.err


def test_the_address_of_the_app_is_read_from_azure(cloud: Cloud) -> None:
    ran = cloud.call(script.main, "--env", "dev", "--skip-synth", "add")
    assert ran.code == 1
    assert "dev is not deployed yet" in ran.err


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AIGATEWAY_INGRESS__EXTERNAL", "false", "dev is reachable inside its virtual network only"),
        ("AIGATEWAY_INGRESS__IP_ALLOWLIST", "203.0.113.0/24", "dev allows 203.0.113.0/24 only"),
    ],
)
def test_who_can_reach_the_gateway_is_reported_before_the_wait(
    cloud: Cloud, base_url: str, variable: str, value: str, message: str
) -> None:
    ran = rotate(cloud, "add", base_url=base_url, env={variable: value})
    assert ran.err.index(message) < ran.err.index("Checking the current key")


def test_as_a_process_it_rotates_a_key(cloud: Cloud) -> None:
    """Once without a clock of ours, and with `az` as a program on PATH."""
    with cloud.edit() as azure:
        azure["vaults"][VAULT] = {FIRST: [version(OLD)], SECOND: [version(derived_second_key(OLD))]}
    with serve(cloud, VAULT, delay_s=0.2) as base_url:
        words = ("--env", "dev", "--base-url", base_url, "--skip-synth", "--no-smoke", "--every-s", "0.01")
        for step in ("add", "retire"):
            ran = cloud.run("scripts/rotate.py", *words, step)
            assert ran.code == 0, ran.err
    assert values(cloud, FIRST)[-1] == values(cloud, SECOND)[1]


def test_phases_of_a_rotation() -> None:
    assert phase_of("a", derived_second_key("a")) == "idle"
    assert phase_of("a", "b") == "added"
    assert phase_of("a", "a") == "retiring"
    assert phase_of("a", derived_second_key("old"), earlier=["older", "old"]) == "idle"
    assert phase_of("a", derived_second_key("unknown"), earlier=["older", "old"]) == "added"


def test_a_derived_key_is_the_one_that_the_stack_creates(known_stacks: Path) -> None:
    content = json.loads((known_stacks / "aigateway-dev" / "cdk.tf.json").read_text(encoding="utf-8"))
    secret = content["resource"]["azurerm_key_vault_secret"]["gateway_key_secondary"]
    assert 'sha256("secondary:${var.gateway_key}")' in secret["value_wo"]

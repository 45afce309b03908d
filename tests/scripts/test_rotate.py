"""A key is rotated against a stand-in vault, and a door that learns of each change a little late."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.runner.session import Session
from scripts.azure.phases import phase_of
from settings.secret_names import derived_second_key
from tests.cloud.az.keyvault import version
from tests.cloud.door import door
from tests.cloud.stand_ins import Cloud, Ran

VAULT = "pvc-dev-aigateway-kv-san"
FIRST, SECOND = "gateway-key", "gateway-key-secondary"
OLD = "the-key-that-clients-have"
TAGS = {"env": "dev", "project": "aigateway"}
LATE_S = 0.5


@pytest.fixture
def base_url(cloud: Cloud) -> Iterator[str]:
    """The door of dev as it is after a first deployment."""
    with cloud.scene() as azure:
        azure["vaults"][VAULT] = {
            FIRST: [version(OLD, tags=TAGS)],
            SECOND: [version(derived_second_key(OLD), tags=TAGS)],
            "inner-key": [version("inner")],
        }
    with door(cloud, VAULT, late_s=LATE_S) as url:
        yield url


def rotate(cloud: Cloud, half: str, *words: str, base_url: str, env: dict[str, str] | None = None) -> Ran:
    """Without the smoke tests, for which the door is too small."""
    given = (
        "--env",
        "dev",
        "--base-url",
        base_url,
        "--skip-synth",
        "--no-smoke",
        "--wait-s",
        "60",
        "--every-s",
        "0.05",
    )
    return cloud.run("scripts/rotate.py", *given, half, *words, env=env)


def values(cloud: Cloud, name: str) -> list[str]:
    """All versions of a secret, the oldest first."""
    return [kept["value"] for kept in cloud.state()["vaults"][VAULT][name]]


def test_add_makes_a_second_key_and_waits_until_both_open_the_door(cloud: Cloud, base_url: str) -> None:
    ran = rotate(cloud, "add", base_url=base_url)
    assert ran.code == 0, ran.err
    assert values(cloud, FIRST) == [OLD]
    [before, new] = values(cloud, SECOND)
    assert before == derived_second_key(OLD)
    assert len(new) == 43
    assert "200 to the old key, 401 to the new key; " in ran.err
    assert "200 to the old key, 200 to the new key, 20 times in a row" in ran.err
    assert f"az keyvault secret show --vault-name {VAULT} --name {SECOND} --query value --output tsv" in ran.err


def test_retire_puts_the_second_in_the_place_of_the_first(cloud: Cloud, base_url: str) -> None:
    assert rotate(cloud, "add", base_url=base_url).code == 0
    new = values(cloud, SECOND)[-1]
    ran = rotate(cloud, "retire", base_url=base_url)
    assert ran.code == 0, ran.err
    assert values(cloud, FIRST) == [OLD, new]
    assert values(cloud, SECOND)[-1] == derived_second_key(new)
    assert values(cloud, "inner-key") == ["inner"]
    assert "200 to the new key, 401 to the old key, 20 times in a row" in ran.err
    assert f"Deployments keep the new one, which is gateway-key in {VAULT}." in ran.err


def test_terraform_finds_content_type_and_tags_as_it_left_them(cloud: Cloud, base_url: str) -> None:
    for half in ("add", "retire"):
        assert rotate(cloud, half, base_url=base_url).code == 0
    for name in (FIRST, SECOND):
        kept = cloud.state()["vaults"][VAULT][name]
        assert {(each["contentType"], json.dumps(each["tags"])) for each in kept} == {("text/plain", json.dumps(TAGS))}


def test_no_key_is_in_an_argument_or_in_the_output(cloud: Cloud, base_url: str) -> None:
    runs = [rotate(cloud, half, base_url=base_url) for half in ("add", "retire")]
    seen = "".join(ran.out + ran.err for ran in runs) + str([call.words for call in cloud.calls()])
    for key in {*values(cloud, FIRST), *values(cloud, SECOND)}:
        assert key not in seen


def test_both_halves_can_be_repeated(cloud: Cloud, base_url: str) -> None:
    for half in ("add", "retire"):
        assert rotate(cloud, half, base_url=base_url).code == 0
        cloud.forget_calls()
        again = rotate(cloud, half, base_url=base_url)
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


def test_an_interrupted_retirement_is_not_overtaken_by_a_new_key(cloud: Cloud, base_url: str) -> None:
    with cloud.scene() as azure:
        azure["vaults"][VAULT][SECOND] = [version(OLD)]
    ran = rotate(cloud, "add", base_url=base_url)
    assert (ran.code, "Finish it first" in ran.err) == (1, True)
    assert cloud.changes() == []


def test_a_second_key_that_holders_of_an_old_first_one_can_compute_is_nobodys_new_key(
    cloud: Cloud, base_url: str
) -> None:
    with cloud.scene() as azure:
        azure["vaults"][VAULT] = {FIRST: [version(OLD), version("by-hand")], SECOND: [version(derived_second_key(OLD))]}
    ran = rotate(cloud, "add", base_url=base_url)
    assert ran.code == 0, ran.err
    assert len(values(cloud, SECOND)[-1]) == 43
    assert rotate(cloud, "retire", base_url=base_url).code == 0
    assert derived_second_key(OLD) not in (values(cloud, FIRST)[-1], values(cloud, SECOND)[-1])


def test_a_retirement_leaves_no_second_key_of_an_old_first_one(cloud: Cloud, base_url: str) -> None:
    with cloud.scene() as azure:
        azure["vaults"][VAULT] = {FIRST: [version(OLD), version("by-hand")], SECOND: [version(derived_second_key(OLD))]}
    ran = rotate(cloud, "retire", base_url=base_url)
    assert ran.code == 0, ran.err
    assert values(cloud, FIRST) == [OLD, "by-hand"]
    assert values(cloud, SECOND)[-1] == derived_second_key("by-hand")


def test_nothing_is_retired_while_nobody_can_have_another_key(cloud: Cloud, base_url: str) -> None:
    ran = rotate(cloud, "retire", base_url=base_url)
    assert ran.code == 1
    assert "There is no second key that clients could have moved to. Begin with `add`." in ran.err
    assert cloud.changes() == []


def test_a_version_that_was_disabled_is_no_key_that_clients_had(cloud: Cloud, base_url: str) -> None:
    with cloud.scene() as azure:
        azure["vaults"][VAULT] = {
            FIRST: [version("never-given") | {"enabled": False}, version(OLD)],
            SECOND: [version(derived_second_key(OLD))],
        }
    ran = rotate(cloud, "retire", base_url=base_url)
    assert (ran.code, "There is no second key" in ran.err) == (1, True)


def test_nothing_is_changed_where_the_door_does_not_know_the_key_of_the_vault(
    cloud: Cloud,
    base_url: str,
) -> None:
    with cloud.scene() as azure:
        azure["vaults"][VAULT] = {FIRST: [version("x", made=9e9)], SECOND: [version(derived_second_key("x"))]}
    ran = rotate(cloud, "add", "--wait-s", "1", base_url=base_url)
    assert ran.code == 1
    assert f"After 1 s the gateway at {base_url} still answers 401 to the key." in ran.err
    assert cloud.changes() == []


def test_nothing_is_retired_before_the_door_opens_to_the_second_key(cloud: Cloud, base_url: str) -> None:
    with cloud.scene() as azure:
        azure["vaults"][VAULT][SECOND].append(version("not-read-yet", made=9e9))
    ran = rotate(cloud, "retire", "--wait-s", "1", base_url=base_url)
    assert ran.code == 1
    assert f"the gateway at {base_url} still answers 200 to the old key, 401 to the new key." in ran.err
    assert cloud.changes() == []


def test_a_gateway_that_is_not_there_is_told_in_the_end(cloud: Cloud, base_url: str) -> None:
    ran = rotate(cloud, "add", "--wait-s", "1", base_url="http://127.0.0.1:9")
    assert ran.code == 1
    assert "still answers ConnectError to the key" in ran.err
    assert base_url


def test_another_project_has_secrets_of_its_own(cloud: Cloud, base_url: str) -> None:
    with cloud.scene() as azure:
        azure["vaults"][VAULT] |= {
            "gateway-key-index": [version("indexers-key")],
            "gateway-key-index-secondary": [version(derived_second_key("indexers-key"))],
        }
    projects = {"AIGATEWAY_PROJECTS": json.dumps({"team": {}, "index": {}})}
    ran = rotate(cloud, "add", "--project", "index", base_url=base_url, env=projects)
    assert ran.code == 0, ran.err
    assert len(values(cloud, "gateway-key-index-secondary")) == 2
    assert len(values(cloud, SECOND)) == 1
    ran = rotate(cloud, "retire", "--project", "index", base_url=base_url, env=projects)
    assert "which is gateway-key-index in" in ran.err
    wrong = rotate(cloud, "add", "--project", "nope", base_url=base_url, env=projects)
    assert (wrong.code, wrong.err) == (2, "There is no project 'nope' in dev; there are team, index.\n")


def test_an_empty_project_is_the_first_one(cloud: Cloud, base_url: str) -> None:
    assert rotate(cloud, "add", "--project", "", base_url=base_url).code == 0
    assert len(values(cloud, SECOND)) == 2


def test_a_closed_vault_is_explained(cloud: Cloud, base_url: str) -> None:
    with cloud.scene() as azure:
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


def test_the_end_of_a_retirement_is_a_smoke_test_with_the_new_key(cloud: Cloud, session: Session) -> None:
    with cloud.scene() as azure:
        azure["vaults"][VAULT] = {
            FIRST: [version(OLD), version(session.key)],
            SECOND: [version(derived_second_key(session.key))],
        }
    ran = cloud.run("scripts/rotate.py", "--env", "dev", "--base-url", session.base_url, "--skip-synth", "retire")
    assert ran.code == 0, ran.out + ran.err
    assert "200 to the new key, 401 to the old key, 20 times in a row" in ran.err
    assert ran.err.index("Smoke test with the new key") < ran.err.index("The old key is refused.")
    assert "embeddings" in ran.out
    assert session.key not in ran.out + ran.err


def test_the_end_of_an_addition_is_a_smoke_test_with_either_key(cloud: Cloud, session: Session) -> None:
    with cloud.scene() as azure:
        azure["vaults"][VAULT] = {FIRST: [version(derived_second_key(session.key))], SECOND: [version(session.key)]}
    ran = cloud.run("scripts/rotate.py", "--env", "dev", "--base-url", session.base_url, "--skip-synth", "add")
    assert ran.code == 0, ran.out + ran.err
    steps = ["Smoke test with the old key", "Smoke test with the new key", "Both keys work."]
    assert sorted(steps, key=ran.err.index) == steps
    assert len(re.findall(r"^ embeddings .* passed ", ran.out, re.MULTILINE)) == 2


@pytest.mark.parametrize(("half", "key"), [("add", "the old key"), ("retire", "the new key")])
def test_a_smoke_test_that_fails_is_the_end(cloud: Cloud, base_url: str, half: str, key: str) -> None:
    with cloud.scene() as azure:
        azure["vaults"][VAULT][SECOND].append(version("the-second"))
    ran = cloud.run(
        "scripts/rotate.py", "--env", "dev", "--base-url", base_url, "--skip-synth", "--every-s", "0.05", half
    )
    assert ran.code == 1
    assert f"The smoke test with {key} failed. The vault is as said above; this can be repeated." in ran.err
    assert "Both keys work" not in ran.err
    assert "The old key is refused." not in ran.err


def test_where_the_app_is_is_asked_of_azure(cloud: Cloud) -> None:
    ran = cloud.run("scripts/rotate.py", "--env", "dev", "--skip-synth", "add")
    assert ran.code == 1
    assert "dev is not deployed yet" in ran.err


def test_phases_of_a_rotation() -> None:
    assert phase_of("a", derived_second_key("a")) == "derived"
    assert phase_of("a", "b") == "second"
    assert phase_of("a", "a") == "same"
    assert phase_of("a", derived_second_key("old"), before=["older", "old"]) == "derived"
    assert phase_of("a", derived_second_key("unknown"), before=["older", "old"]) == "second"


def test_a_derived_key_is_the_one_that_the_stack_makes(stacks: Path) -> None:
    content = json.loads((stacks / "aigateway-dev" / "cdk.tf.json").read_text(encoding="utf-8"))
    secret = content["resource"]["azurerm_key_vault_secret"]["gateway_key_secondary"]
    assert 'sha256("secondary:${var.gateway_key}")' in secret["value_wo"]

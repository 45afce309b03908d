"""Stacks that are missing, broken or not this repository's: a message instead of a traceback; warnings are shown."""

import os
import sys
from pathlib import Path

import pytest

from scripts.bootstrapping.github_secrets import required_secrets
from scripts.cli.error_handling import ScriptError
from scripts.terraform import stacks
from scripts.terraform.required_inputs import check_inputs
from scripts.terraform.stacks import Stack, load


def test_a_folder_without_stacks_is_reported_with_the_command_that_writes_them(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"has no stack.* Run `python3 scripts/cdktf\.py synth`") as failure:
        load("dev", tmp_path)
    assert str(tmp_path) in str(failure.value)
    assert failure.value.code == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"resource": {"azurerm_container_app": []}}', "\xff"])
def test_a_file_that_is_not_a_stack_of_this_repository_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "stacks/aigateway-dev/cdk.tf.json"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="latin-1")
    with pytest.raises(ScriptError) as failure:
        _ = load("dev", tmp_path).container_app
    assert str(failure.value).startswith(f"{file} is not a stack of this repository. Run `python3")
    assert failure.value.code == 2


def test_a_stack_without_a_backend_or_variables_is_not_this_repositorys() -> None:
    stack = Stack(Path("aigateway-dev"), {"terraform": {"backend": {"local": {}}}})
    for name in ("backend", "variables", "roles", "resource_providers", "subscription_id", "resource_group", "tags"):
        with pytest.raises(ScriptError, match=r"aigateway-dev/cdk\.tf\.json is not a stack"):
            getattr(stack, name)


@pytest.mark.parametrize("given", [{}, {"subscription_id": "a", "tenant_id": "b"}])
def test_a_stack_tells_subscription_and_tenant_if_its_settings_do(given: dict[str, str]) -> None:
    stack = Stack(Path("aigateway-dev"), {"provider": {"azurerm": [{"use_oidc": True, **given}]}})
    assert (stack.subscription_id, stack.tenant_id) == (given.get("subscription_id"), given.get("tenant_id"))


def test_without_a_key_of_azure_a_deployment_and_the_bootstrap_want_none(
    keyless_stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("TF_VAR_")]:
        monkeypatch.delenv(name)
    stack = load("keyless", keyless_stack.parents[2])
    check_inputs([stack])
    assert [variable.github_secret for variable in required_secrets(stack)] == ["AIGATEWAY_KEY"]


def test_a_warning_of_the_synthesis_is_logged_and_nothing_else_that_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["print('Warning: Azure retires it')", "print('a debug line')"]
    (tmp_path / "main.py").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(stacks, "program", lambda _: sys.executable)
    monkeypatch.setattr(stacks, "ROOT", tmp_path)
    stacks.synthesize()
    printed = capsys.readouterr().err
    assert "\nWarning: Azure retires it\n" in printed
    assert "debug" not in printed


@pytest.mark.parametrize(
    ("envs", "message"), [(["nope"], "There is no environment 'nope'"), (None, "Terraform .* is required")]
)
def test_what_is_missing_is_told_before_the_synthesis(
    envs: list[str] | None, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(stacks, "synthesize", lambda: pytest.fail("synthesized"))
    with pytest.raises(ScriptError, match=message):
        stacks.prepare(envs)


def test_a_stack_whose_roles_others_assign_has_none() -> None:
    assert Stack(Path("aigateway-dev"), {"resource": {"azurerm_container_app": {}}}).roles == frozenset()

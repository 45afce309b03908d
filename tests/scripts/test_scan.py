"""checkov over the stacks: that it looks, what it finds, and which findings are excused."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.cli.error_handling import ScriptError
from scripts.scanning import exceptions
from scripts.scanning.exceptions import Exempt
from scripts.scanning.findings import Finding, addresses, scan
from scripts.setup.environment import prepare

ROOT = Path(__file__).parents[2]
LISTED = exceptions.load(exceptions.FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module", autouse=True)
def checkov() -> None:
    """The tool, made if it is missing."""
    prepare(tools=["checkov"])


@pytest.fixture
def out(known_stacks: Path, tmp_path: Path) -> Path:
    """A copy of what synthesis wrote for prod, to spoil."""
    shutil.copytree(known_stacks / "aigateway-prod", tmp_path / "stacks/aigateway-prod")
    return tmp_path


def spoil(out: Path, **resources: dict[str, Any]) -> None:
    """Put more resources into the stack, or change those that are there."""
    path = out / "stacks/aigateway-prod/cdk.tf.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for kind, named in resources.items():
        for name, values in named.items():
            content["resource"].setdefault(kind, {}).setdefault(name, {}).update(values)
    path.write_text(json.dumps(content), encoding="utf-8")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the script as a workflow does."""
    command = [sys.executable, "scripts/scan.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_what_is_weak_is_found_where_no_exception_holds(out: Path) -> None:
    weak = {"name": "weak", "resource_group_name": "x", "location": "x", "min_tls_version": "TLS1_0"}
    unprotected = {"purge_protection_enabled": False}  # excused elsewhere, and not in prod
    spoil(out, azurerm_storage_account={"weak": weak}, azurerm_key_vault={"gateway": unprotected})
    ran = run("--out", out)
    assert ran.returncode == 1
    found = {(words[3], words[5]) for words in map(str.split, ran.stdout.splitlines()) if words[1:2] == ["prod"]}
    assert ("CKV_AZURE_44", "azurerm_storage_account.weak") in found
    vault = {check for check, address in found if address == "azurerm_key_vault.gateway"}
    assert vault == {"CKV_AZURE_110", "CKV_AZURE_42"}
    assert "prod: 0 findings" not in ran.stderr


def test_an_exception_that_excuses_nothing_fails(out: Path) -> None:
    ran = run("--out", out)  # prod alone: what the other environments need is idle
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert "CKV_AZURE_110 on azurerm_key_vault.gateway excuses nothing any more" in ran.stderr


@pytest.mark.parametrize("content", ['{"resource": {"azurerm_key_vault": "broken"}}', "{}"])
def test_a_stack_that_checkov_cannot_read_is_no_success(tmp_path: Path, content: str) -> None:
    path = tmp_path / "cdk.tf.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ScriptError, match=r"checkov has read nothing of .*cdk\.tf\.json"):
        scan(path, env="dev")


def test_a_folder_without_stacks_is_a_mistake(tmp_path: Path) -> None:
    ran = run("--out", tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.strip() == f"There is no stack in {tmp_path}."


def test_a_resource_is_known_by_its_line() -> None:
    text = json.dumps({"output": {"a": {"b": {}}}, "resource": {"kind": {"a": {"x": {}}, "b": {"y": 1}}}}, indent=1)
    lines = text.splitlines()
    assert {lines[number - 1].strip(): address for number, address in addresses(text).items()} == {
        '"a": {': "kind.a",
        '"b": {': "kind.b",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {check: CKV_1, resources: '*'}", "reason\n  Field required"),
        ("- {check: CKV_1, resources: '*', reason: ' '}", "reason\n  String should have at least 1 character"),
        ("- {check: CKV_1, resources: '*', reason: x, until: y}", "until\n  Extra inputs"),
        ("- {", "while parsing"),
    ],
)
def test_an_exception_without_a_reason_is_refused(text: str, message: str) -> None:
    with pytest.raises(ScriptError, match=f"(?s)exceptions.yaml: .*{message}") as failure:
        exceptions.load(text)
    assert failure.value.code == 2


def test_an_exception_holds_for_its_check_resources_and_environments_alone() -> None:
    exempt = Exempt(check="CKV_1", resources="azurerm_key_vault_secret.*", reason="r", not_in=("prod",))

    def finding(*, env: str = "dev", check: str = "CKV_1", address: str = "azurerm_key_vault_secret.key") -> Finding:
        return Finding(env=env, check=check, address=address, wants="w")

    assert exempt.covers(finding())
    assert not exempt.covers(finding(env="prod"))
    assert not exempt.covers(finding(check="CKV_11"))
    assert not exempt.covers(finding(address="azurerm_key_vault.key"))


def test_every_reason_says_more_than_a_word() -> None:
    assert LISTED
    assert not [it.check for it in LISTED if len(it.reason.split()) < 5]


@pytest.mark.parametrize("exempt", LISTED, ids=lambda exempt: f"{exempt.check}-{exempt.resources}")
def test_an_exception_names_what_there_is_or_each_secret(exempt: Exempt, known_stacks: Path) -> None:
    """A wider pattern would excuse a weakness that nobody has looked at."""
    content = json.loads((known_stacks / "aigateway-prod/cdk.tf.json").read_text(encoding="utf-8"))
    there = {f"{kind}.{name}" for kind, named in content["resource"].items() for name in named}
    assert exempt.resources in {*there, "azurerm_key_vault_secret.*"}

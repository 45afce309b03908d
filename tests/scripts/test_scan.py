"""checkov over the stacks: that it reads them, what it finds, and which findings are accepted."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts import scan
from scripts.cli.error_handling import ScriptError
from scripts.scanning import exemptions
from scripts.scanning.exemptions import Exemption
from scripts.scanning.findings import Finding, addresses, findings_of, readable, run_checkov
from scripts.setup.prepare import prepare
from scripts.terraform import stacks
from scripts.terraform.stacks import Stack

LISTED = exemptions.load(exemptions.FILE.read_text(encoding="utf-8"))
COVERED = [Finding(env="dev", check=it.check, address=it.resources.replace("*", "x"), requirement="r") for it in LISTED]
UNCOVERED = Finding(env="dev", check="CKV_1", address="a.b", requirement="r")


def content_of(*addresses: str) -> dict[str, Any]:
    """A stack with these resources."""
    kinds = {address.partition(".")[0] for address in addresses}
    return {
        "resource": {
            kind: {name: {} for found, _, name in (address.partition(".") for address in addresses) if found == kind}
            for kind in kinds
        }
    }


@pytest.fixture(scope="module")
def texts(known_stacks: Path, optional_stacks: Path) -> dict[str, str]:
    """prod as it was synthesized, prod with two weaknesses, what settings turn on, and what checkov cannot read."""
    prod = (known_stacks / "aigateway-prod/cdk.tf.json").read_text(encoding="utf-8")
    weak = json.loads(prod)
    account = {"name": "weak", "resource_group_name": "x", "location": "x", "min_tls_version": "TLS1_0"}
    weak["resource"]["azurerm_storage_account"] = {"weak": account}
    weak["resource"]["azurerm_key_vault"]["gateway"]["purge_protection_enabled"] = False  # accepted, but not in prod
    broken = {"resource": {"azurerm_key_vault": "broken"}}
    optional = {
        name: (optional_stacks / f"aigateway-{name}/cdk.tf.json").read_text(encoding="utf-8")
        for name in ("keyless", "complete")
    }
    texts = {"prod": prod, "weak": json.dumps(weak), "broken": json.dumps(broken), "empty": "{}", **optional}
    return {name: readable(text) for name, text in texts.items()}


@pytest.fixture(scope="module")
def reports(texts: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What checkov says of each, by one process: its start takes most of the time."""
    prepare(tools=["checkov"])
    return run_checkov(texts)


def test_what_is_weak_is_found_where_no_exemption_holds(
    reports: dict[str, dict[str, Any]], texts: dict[str, str]
) -> None:
    found = findings_of(reports["weak"], env="prod", text=texts["weak"])
    uncovered = {(it.check, it.address) for it in exemptions.apply(LISTED, found, addresses=())[0]}
    assert ("CKV_AZURE_44", "azurerm_storage_account.weak") in uncovered
    vault = {check for check, address in uncovered if address == "azurerm_key_vault.gateway"}
    assert vault == {"CKV_AZURE_110", "CKV_AZURE_42"}


def test_a_stack_is_scanned_apart_from_the_others(reports: dict[str, dict[str, Any]], texts: dict[str, str]) -> None:
    found = findings_of(reports["prod"], env="prod", text=texts["prod"])
    assert found
    assert "azurerm_storage_account.weak" not in {it.address for it in found}
    assert exemptions.apply(LISTED, found, addresses=())[0] == []


def test_what_settings_turn_on_has_only_accepted_findings_and_needs_each_exemption(
    reports: dict[str, dict[str, Any]], texts: dict[str, str]
) -> None:
    found = [
        finding
        for name in ("keyless", "complete")
        for finding in findings_of(reports[name], env=name, text=texts[name])
    ]
    everything = {address for name in ("keyless", "complete") for address in addresses(texts[name]).values()}
    assert exemptions.apply(LISTED, found, addresses=everything) == ([], [])


@pytest.mark.parametrize("name", ["broken", "empty"])
def test_a_stack_that_checkov_cannot_read_is_no_success(
    name: str, reports: dict[str, dict[str, Any]], texts: dict[str, str]
) -> None:
    with pytest.raises(ScriptError, match="checkov could not read the stack of dev"):
        findings_of(reports[name], env="dev", text=texts[name])


@pytest.mark.parametrize(
    ("found", "there", "code", "message", "rows"),
    [
        (COVERED, COVERED, 0, f"dev: 0 findings, and {len(COVERED)} that", []),
        (COVERED[1:], COVERED, 1, f"{LISTED[0].check} on {LISTED[0].resources} covers no finding", []),
        ([], [], 0, "dev: 0 findings, and 0 that", []),
        ([*COVERED, UNCOVERED], COVERED, 1, "dev: 1 findings", [["dev", "CKV_1", "a.b", "r"]]),
    ],
    ids=[
        "all are covered",
        "one exemption has no finding",
        "exemptions of what the settings turned off",
        "one finding has no exemption",
    ],
)
def test_findings_and_exemptions_must_match(
    found: list[Finding],
    there: list[Finding],
    code: int,
    message: str,
    rows: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = content_of(*(finding.address for finding in there))
    monkeypatch.setattr(scan, "scan", lambda _: found)
    monkeypatch.setattr(stacks, "synthesize", lambda: None)
    monkeypatch.setattr(stacks, "load_all", lambda _: [Stack(Path("aigateway-dev"), content)])
    monkeypatch.setattr("sys.argv", ["scan.py"])
    with pytest.raises(SystemExit) as end:
        scan.main()
    assert end.value.code == code
    printed = capsys.readouterr()
    assert message in printed.err
    assert [line.split()[1::2] for line in printed.out.splitlines() if "│" in line] == rows


def test_a_folder_without_stacks_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["scan.py", "--out", str(tmp_path)])
    with pytest.raises(ScriptError, match="has no stack") as failure:
        scan.main()
    assert failure.value.code == 2


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
def test_an_exemption_without_a_reason_is_refused(text: str, message: str) -> None:
    with pytest.raises(ScriptError, match=f"(?s)exemptions.yaml: .*{message}") as failure:
        exemptions.load(text)
    assert failure.value.code == 2


def test_an_exemption_holds_for_its_check_resources_and_environments_alone() -> None:
    exempt = Exemption(check="CKV_1", resources="azurerm_key_vault_secret.*", reason="r", not_in=("prod",))

    def finding(*, env: str = "dev", check: str = "CKV_1", address: str = "azurerm_key_vault_secret.key") -> Finding:
        return Finding(env=env, check=check, address=address, requirement="r")

    assert exempt.covers(finding())
    assert not exempt.covers(finding(env="prod"))
    assert not exempt.covers(finding(check="CKV_11"))
    assert not exempt.covers(finding(address="azurerm_key_vault.key"))


def test_every_reason_says_more_than_a_word() -> None:
    assert LISTED
    assert not [it.check for it in LISTED if len(it.reason.split()) < 5]


@pytest.mark.parametrize("exempt", LISTED, ids=lambda exempt: f"{exempt.check}-{exempt.resources}")
def test_an_exemption_names_what_there_is_or_each_secret_or_account(exempt: Exemption, known_stacks: Path) -> None:
    """A wider pattern would accept weaknesses that were never examined."""
    content = json.loads((known_stacks / "aigateway-prod/cdk.tf.json").read_text(encoding="utf-8"))
    there = {f"{kind}.{name}" for kind, named in content["resource"].items() for name in named}
    assert exempt.resources in {*there, "azurerm_key_vault_secret.*", "azurerm_cognitive_account.*"}

"""One file more is one environment more."""

from pathlib import Path

from settings.loading import environment_files
from tests import fixed_environments
from tests.synth.conftest import Synthesize
from tests.synth.stack import ROOT


def test_a_new_file_alone_yields_a_complete_further_stack(synthesize_files: Synthesize) -> None:
    files = {file.name: file.read_text(encoding="utf-8") for file in environment_files(fixed_environments.ENVIRONMENTS)}
    stacks = synthesize_files({**files, "uat.toml": 'env = "uat"\n'})
    assert set(stacks) == {"dev", "prod", "staging", "uat"}
    uat, staging = stacks["uat"], stacks["staging"]
    assert set(uat.resources) == set(staging.resources)
    assert uat.document.keys() == staging.document.keys()
    assert uat.document["output"] == staging.document["output"]
    assert uat.document["terraform"]["backend"]["azurerm"]["key"] == "uat.tfstate"
    assert uat.app["name"] == "pvc-uat-aigateway-ca-san"
    assert uat.app["tags"]["env"] == "uat"


def test_every_file_of_the_repository_has_its_stack_and_no_other_exists(synthesized: Path) -> None:
    folders = {folder.name for folder in (synthesized / "stacks").iterdir()}
    assert folders == {f"aigateway-{file.stem}" for file in (ROOT / "settings" / "environments").glob("*.toml")}

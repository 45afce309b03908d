"""Our `constructs` and the one of PyPI are one package, and of the azurerm bindings only a few modules are loaded."""

import json
import re
from pathlib import Path

from settings.loading import environment_files
from tests.synth.conftest import Run
from tests.synth.stack import ROOT, stack_file

BINDINGS = "cdktf_cdktf_provider_azurerm"
LOADED = {
    "_jsii",
    "application_insights",
    "application_insights_standard_web_test",
    "application_insights_workbook",
    "cognitive_account",
    "cognitive_account_project",
    "cognitive_deployment",
    "consumption_budget_resource_group",
    "container_app",
    "container_app_environment",
    "data_azurerm_client_config",
    "data_azurerm_resource_group",
    "key_vault",
    "key_vault_secret",
    "log_analytics_workspace",
    "monitor_action_group",
    "monitor_diagnostic_setting",
    "monitor_metric_alert",
    "monitor_scheduled_query_rules_alert_v2",
    "provider",
    "role_assignment",
    "user_assigned_identity",
}
LIST_MODULES = """\
import json, sys
from main import use_python_node
use_python_node()
from constructs import Construct
from constructs.gateway_stack import GatewayStack
assert issubclass(GatewayStack, Construct)
print(json.dumps([name for name in sys.modules if not name.endswith("._private")]))
"""


def test_only_the_sub_modules_in_use_are_loaded(run_python: Run) -> None:
    done = run_python("-c", LIST_MODULES)
    assert done.returncode == 0, done.stderr
    loaded = {name for name in json.loads(done.stdout) if name.startswith(BINDINGS)}
    assert loaded == {BINDINGS} | {f"{BINDINGS}.{name}" for name in LOADED}


def test_the_stacks_are_the_same_on_every_run(synthesized: Path, synthesized_again: Path) -> None:
    for file in environment_files():
        again = stack_file(folder=synthesized_again, env=file.stem).read_bytes()
        assert again == stack_file(folder=synthesized, env=file.stem).read_bytes()


def test_one_module_alone_imports_the_bindings() -> None:
    importing = re.compile(rf"^\s*(from|import) {BINDINGS}", re.MULTILINE)
    sources = [file for file in ROOT.glob("*/*.py") if file.parts[-2] != ".venv"] + [ROOT / "main.py"]
    assert [file for file in sources if importing.search(file.read_text(encoding="utf-8"))] == [
        ROOT / "constructs" / "azurerm.py"
    ]


def test_our_folder_extends_the_package_of_pypi_and_must_not_hide_it() -> None:
    assert not (ROOT / "constructs" / "__init__.py").exists()

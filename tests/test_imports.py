"""What each top-level folder may use of the others: by import, or as a process that it starts."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.archive import read_source

ROOT = Path(__file__).parents[1]
MAY_USE = {
    "settings": set[str](),
    "gateway": {"settings"},
    "queries": {"settings"},
    "constructs": {"settings", "gateway", "queries"},
    "local": {"settings"},
    "scripts": {"settings", "gateway", "queries", "local", "tests"},
    "benchmarks": {"local"},
}
FOLDERS = {*MAY_USE, "tests"}
# `local/runner` as a path, `local.runner` after `-m`.
_NAMED = re.compile(rf"(?P<folder>{'|'.join(sorted(FOLDERS))})(/[\w/]+\.py|(\.[a-z_]+)+)")


def uses(file: Path) -> Iterator[str]:
    """Modules that it imports, and those that it names in a text, as the command line of a process does."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _NAMED.fullmatch(node.value):
            yield node.value.replace("/", ".")


def folders_of(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in uses(file)} & FOLDERS


@pytest.mark.parametrize("folder", MAY_USE)
def test_a_folder_uses_no_more_than_the_plan_allows(folder: str) -> None:
    # `constructs` is also the package of PyPI, which whoever uses CDKTF imports.
    allowed = MAY_USE[folder] | {folder} | ({"constructs"} if folder == "benchmarks" else set())
    used = {str(file.relative_to(ROOT)): folders_of(file) - allowed for file in (ROOT / folder).rglob("*.py")}
    assert {file: folders for file, folders in used.items() if folders} == {}


@pytest.mark.parametrize("text", ["scripts/client_settings.py", "local.runner", "local/emulator/__main__.py"])
def test_a_process_that_a_folder_starts_is_seen(text: str, tmp_path: Path) -> None:
    file = tmp_path / "starts.py"
    file.write_text(f"command = ['python', '-m', {text!r}]\n", encoding="utf-8")
    assert folders_of(file) == {re.split(r"[./]", text)[0]}


def test_the_archive_has_all_that_the_gateway_imports_of_ours() -> None:
    travels = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in read_source()}
    imported = {name for file in read_source() for name in uses(ROOT / file) if name.partition(".")[0] in FOLDERS}
    assert imported <= travels

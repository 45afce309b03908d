"""The house: what each room may import."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = {"settings", "constructs", "gateway", "local", "scripts", "benchmarks", "tests"}
MAY_IMPORT = {
    "settings": set[str](),
    "gateway": {"settings"},
    "constructs": {"settings", "gateway"},
    "local": set[str](),
    "scripts": {"settings"},
    "benchmarks": {"local"},
}


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_no_more_than_the_plan_allows(room: str) -> None:
    imported = {name.partition(".")[0] for file in (ROOT / room).rglob("*.py") for name in imports(file)}
    # `constructs` is also the package of PyPI; whoever uses CDKTF imports it.
    allowed = MAY_IMPORT[room] | {room, "constructs"} if room == "benchmarks" else MAY_IMPORT[room] | {room}
    assert imported & ROOMS <= allowed


def test_the_runtime_imports_nothing_of_ours_but_itself() -> None:
    imported = {name.partition(".")[0] for file in (ROOT / "gateway/runtime").glob("*.py") for name in imports(file)}
    assert not imported & ROOMS

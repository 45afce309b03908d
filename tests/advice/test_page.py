"""docs/troubleshooting.md is what the entries say, and explains messages that exist."""

import ast
import re
from collections.abc import Iterator

import pytest

from scripts import troubleshooting
from scripts.advice.entries import Entry, entries
from scripts.advice.page import page
from scripts.setup.paths import ROOT

CODE = ROOT / "gateway/runtime"
OURS = ("settings", "scripts", "local")
GAP = "\N{BULLET}"


def test_the_page_is_up_to_date() -> None:
    text = troubleshooting.FILE.read_text(encoding="utf-8")
    assert text == page(), "run python3 scripts/troubleshooting.py --write"


def test_every_row_of_a_table_has_two_cells() -> None:
    rows = [line for line in page().splitlines() if line.startswith("|")]
    assert len(rows) > 60
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 3 for row in rows)


def texts() -> Iterator[str]:
    """Every text in our sources, with a gap where a value is put in."""
    for folder in OURS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


SOURCE = "\n".join(" ".join(text.split()) for text in texts())


@pytest.mark.parametrize("entry", entries("scripts"), ids=lambda entry: entry.id)
def test_a_message_of_a_script_is_in_the_source(entry: Entry) -> None:
    pieces = [re.escape(piece.strip()) for piece in entry.message.split("...") if piece.strip()]
    assert re.search(".*".join(pieces), SOURCE), "write ... where a value is put in"


def codes() -> Iterator[str]:
    """The value of every argument, default and field `code` in the gateway's source."""
    for file in CODE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            found: list[ast.expr | None] = []
            if isinstance(node, ast.keyword) and node.arg == "code":
                found = [node.value]
            elif isinstance(node, ast.arguments):
                found = [
                    default for arg, default in zip(node.kwonlyargs, node.kw_defaults, strict=True) if arg.arg == "code"
                ]
            elif isinstance(node, ast.Dict):
                keys = zip(node.keys, node.values, strict=True)
                found = [value for key, value in keys if isinstance(key, ast.Constant) and key.value == "code"]
            yield from (each.value for each in found if isinstance(each, ast.Constant) and isinstance(each.value, str))


def test_the_page_has_the_gateways_error_codes_and_no_other() -> None:
    explained = {code for entry in entries("gateway") for code in (entry.code or (entry.message,))}
    assert explained == set(codes())


def test_the_smoke_test_names_each_entry_that_it_does_not_find_by_status() -> None:
    named = {entry.id for entry in entries("smoke_test") if not entry.status}
    assert named <= {text for text in texts() if text in named}

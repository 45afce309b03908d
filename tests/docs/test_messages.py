"""docs/troubleshooting.md quotes messages that somebody can meet."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.docs.markdown import ROOT, read

PAGE = ROOT / "docs/troubleshooting.md"
OTHERS = ("Azure", "GitHub", "Terraform", "LiteLLM")
"""Sections that begin so quote messages which are not ours."""
FOLDERS = ("settings", "constructs", "gateway", "scripts", "local", "main.py")
GAP = "\N{BULLET}"


def quoted() -> Iterator[str]:
    for section in re.split(r"^## ", read(PAGE), flags=re.MULTILINE)[1:]:
        if not section.startswith(OTHERS):
            yield from re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)


def texts() -> Iterator[str]:
    """Every text in our sources, with a gap where a value is put in."""
    for folder in FOLDERS:
        path = ROOT / folder
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


SOURCE = "\n".join(" ".join(text.split()) for text in texts())
QUOTED = list(quoted())


@pytest.mark.parametrize("message", QUOTED)
def test_a_message_of_ours_stands_in_the_source(message: str) -> None:
    pieces = [re.escape(piece.strip()) for piece in message.split("...") if piece.strip()]
    assert re.search(".*".join(pieces), SOURCE), "write ... where a value is put in"


def test_the_page_quotes_messages_of_every_part() -> None:
    assert len(QUOTED) > 30


def test_the_page_has_every_error_code_of_the_gateway() -> None:
    sources = (file.read_text(encoding="utf-8") for file in (ROOT / "gateway/runtime").rglob("*.py"))
    codes = {code for source in sources for code in re.findall(r"\bcode(?:\"|: str)? ?[=:] ?\"(\w+)\"", source)}
    assert len(codes) > 15
    assert codes <= set(QUOTED)

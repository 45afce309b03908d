"""Parts of the repository's documents: links, anchors, commands."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^(```+)[^\n]*\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")


def pages() -> list[Path]:
    """Every Markdown file of the repository."""
    folders = [ROOT, *(ROOT / name for name in ("docs", "local", "settings", "gateway", "benchmarks", ".github"))]
    found = {file for folder in folders for file in folder.glob("**/*.md" if folder != ROOT else "*.md")}
    return sorted(found)


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(text: str) -> str:
    """The text without code blocks, which may look like headings and links."""
    return "\n".join(line for line in _COMMENT.sub("", _FENCE.sub("", text)).split("\n") if not line.startswith("    "))


def links(page: Path) -> list[str]:
    """The targets of its links and images."""
    return _LINK.findall(_SPAN.sub("", prose(read(page))))


def anchors(page: Path) -> set[str]:
    """The anchors of its headings, by GitHub's rules."""
    counted: Counter[str] = Counter()
    found = set()
    for heading in _HEADING.findall(prose(read(page))):
        slug = _slug(heading)
        found.add(f"{slug}-{counted[slug]}" if counted[slug] else slug)
        counted[slug] += 1
    return found


def _slug(heading: str) -> str:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    kept = "".join(letter for letter in text if letter in " -_" or unicodedata.category(letter)[0] in "LN")
    return kept.replace(" ", "-")


def commands(text: str) -> Iterator[str]:
    """Lines of code blocks and inline code."""
    for _, block in _FENCE.findall(text):
        yield from block.replace("\\\n", " ").split("\n")
    rest = _FENCE.sub("", text)
    yield from (line.strip() for line in rest.split("\n") if line.startswith("    "))
    for span in _SPAN.findall(prose(text)):
        yield " ".join(span.split())


def fenced(text: str, language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)

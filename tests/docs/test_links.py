"""Links in the documents lead to existing files and headings."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, anchors, links, pages

PAGES = pages()


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_existing_files_and_headings(page: Path) -> None:
    broken = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        exists = target.exists() and target.is_relative_to(ROOT)
        if not exists or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_external_links_use_https(page: Path) -> None:
    assert not [link for link in links(page) if re.match(r"[a-z]+:", link) and not link.startswith("https://")]


def test_pages_that_the_code_names_exist() -> None:
    words = ["git", "ls-files", "-z", "--cached", "*.py", "*.toml", "*.yml", "*.yaml", "*.json"]
    files = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    sources = {file: ROOT / file for file in files if (ROOT / file).is_file()}
    named = {
        (file, page)
        for file, path in sources.items()
        for page in re.findall(r"\bdocs/[a-z0-9/-]+\.md\b", path.read_text(encoding="utf-8"))
    }
    assert named
    assert not [(file, page) for file, page in sorted(named) if not (ROOT / page).is_file()]


def test_the_readme_leads_to_every_page() -> None:
    reached, queue = set[Path](), [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        targets = [link.partition("#")[0] for link in links(page) if not re.match(r"[a-z]+:", link)]
        queue += [(page.parent / target).resolve() for target in targets if target]
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} <= reached


def test_the_index_lists_every_decision() -> None:
    folder = ROOT / "docs/decisions"
    listed = [link for link in links(folder / "README.md") if not link.startswith("..")]
    assert listed == sorted(file.name for file in folder.glob("0*.md"))


def test_no_two_decisions_share_a_number() -> None:
    numbers = [file.name[:4] for file in (ROOT / "docs/decisions").glob("0*.md")]
    assert len(set(numbers)) == len(numbers)

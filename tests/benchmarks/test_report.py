"""The tables come between their markers, and nothing else is touched."""

from pathlib import Path

import pytest

from benchmarks.figures import Ratio, percentile, spread
from benchmarks.report import REPORT, Section, table, write

SECTION = Section(name="synth", lines=table(("", "s"), [("ours", r"2.0 \1")]), summary="")


def test_only_the_lines_of_the_section_change(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.md"
    file.write_text("a\n<!-- synth: measured -->\nold\n<!-- synth: end -->\nb\n", encoding="utf-8")
    write(SECTION, command="measure", file=file)
    before, told, after = file.read_text(encoding="utf-8").partition("`measure`")
    assert before == "a\n<!-- synth: measured -->\n"
    assert told
    assert after.endswith("\n\n|  | s |\n| --- | --: |\n| ours | 2.0 \\1 |\n<!-- synth: end -->\nb\n")
    assert "old" not in after


def test_writing_again_changes_nothing_more(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.md"
    file.write_text(REPORT.read_text(encoding="utf-8"), encoding="utf-8")
    write(SECTION, command="measure", file=file)
    once = file.read_text(encoding="utf-8")
    write(SECTION, command="measure", file=file)
    assert file.read_text(encoding="utf-8") == once


def test_a_file_without_markers_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.md"
    file.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="needs the markers"):
        write(SECTION, command="measure", file=file)


@pytest.mark.parametrize("name", ["synth", "overhead", "startup"])
def test_the_document_has_a_place_for_every_benchmark(name: str) -> None:
    text = REPORT.read_text(encoding="utf-8")
    assert text.count(f"<!-- {name}: measured -->") == text.count(f"<!-- {name}: end -->") == 1


def test_a_ratio_compares_neighbours() -> None:
    assert str(Ratio.of_pairs([1.0, 2.0, 9.0], [4.0, 4.0, 10.0])) == "**0.50** (0.25-0.90)"


def test_figures_of_a_series() -> None:
    assert spread([3.0, 1.0, 2.0]) == "2.0 (1.0-3.0)"
    assert percentile([float(value) for value in range(101)], 95) == 95.0
    assert percentile([7.0], 95) == 7.0

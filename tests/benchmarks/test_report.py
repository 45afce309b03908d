"""Tables and plots come between their markers and nothing else is touched; all of them come from the numbers."""

import shutil
from pathlib import Path
from typing import Literal

import pytest

from benchmarks import charts, report
from benchmarks.__main__ import BENCHMARKS
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Ratio, percentile, spread
from benchmarks.numbers.synth import SynthNumbers
from benchmarks.report import DOCS, FOLDER, REPORT, load, save, table, write

NUMBERS = SynthNumbers(stacks=3, elements=60, ours=[2.0, 2.2], plain=[8.0, 8.0], measured=r"`\1`, today.")


def test_only_the_lines_of_the_section_change(tmp_path: Path) -> None:
    file = _report(tmp_path, "a\n<!-- synth: measured -->\nold\n<!-- synth: end -->\nb\n")
    write("synth", NUMBERS, docs=tmp_path)
    text = file.read_text(encoding="utf-8")
    assert text.startswith("a\n<!-- synth: measured -->\n`\\1`, today.\n\n3 stacks, 60 elements, 2 rounds")
    assert "| `python main.py` | 2.1 (2.0-2.2) | **0.26** (0.25-0.28) |" in text
    assert text.endswith("\n\n![synth](benchmarks/synth.svg)\n<!-- synth: end -->\nb\n")
    assert "old" not in text
    assert "main.py" in (tmp_path / FOLDER / "synth.svg").read_text(encoding="utf-8")


def test_a_report_without_markers_is_refused(tmp_path: Path) -> None:
    _report(tmp_path, "nothing")
    with pytest.raises(ValueError, match="needs the markers"):
        write("synth", NUMBERS, docs=tmp_path)


def test_numbers_are_kept(tmp_path: Path) -> None:
    save("synth", NUMBERS, docs=tmp_path)
    assert load("synth", SynthNumbers, docs=tmp_path) == NUMBERS
    with pytest.raises(BenchmarkError, match="measure overhead first"):
        load("overhead", SynthNumbers, docs=tmp_path)


def test_how_it_was_measured_says_enough_to_judge_and_not_whose_machine_it_was() -> None:
    measured = NUMBERS.by("measure it").measured
    assert measured.startswith("`measure it`, 20")
    assert " cores, Python 3." in measured


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_document_is_what_the_kept_numbers_say(name: str, tmp_path: Path) -> None:
    """Otherwise: `.venv/bin/python -m benchmarks --redraw`."""
    shutil.copy(DOCS / REPORT, tmp_path)
    (tmp_path / FOLDER).mkdir()
    numbers = load(name, BENCHMARKS[name].numbers)
    write(name, numbers, docs=tmp_path)
    assert (tmp_path / REPORT).read_text(encoding="utf-8") == (DOCS / REPORT).read_text(encoding="utf-8")
    assert numbers.section().charts
    for chart in numbers.section().charts:
        drawn = tmp_path / FOLDER / f"{chart}.svg"
        assert drawn.read_text(encoding="utf-8") == (DOCS / FOLDER / drawn.name).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["bars", "stacked", "curves"])
def test_a_plot_is_the_same_each_time_and_runs_nothing(kind: Literal["bars", "stacked", "curves"]) -> None:
    def draw() -> str:
        match kind:
            case "bars":
                return charts.bars("T", labels=["a", "b"], series={"gateway": [1.0, None]}, logarithmic=True)
            case "stacked":
                return charts.stacked("T", labels=["a", "b"], series={"x": [1.0, 2.0], "y": [0.5, 0.0]})
            case "curves":
                return charts.curves("T", x_title="seconds", series={"x": [(0.0, 0.0), (1.0, 2.0)]})

    assert draw() == draw()
    assert draw().startswith("<svg")
    assert "<script" not in draw()
    assert "http://" not in draw().replace("http://www.w3.org/", "")


def test_a_table_has_its_numbers_on_the_right() -> None:
    assert table(("", "s"), [("ours", "2")]) == ["|  | s |", "| --- | --: |", "| ours | 2 |"]


def test_a_ratio_compares_neighbours() -> None:
    assert str(Ratio.of_pairs([1.0, 2.0, 9.0], [4.0, 4.0, 10.0])) == "**0.50** (0.25-0.90)"


def test_figures_of_a_series() -> None:
    assert spread([3.0, 1.0, 2.0]) == "2.0 (1.0-3.0)"
    assert percentile([float(value) for value in range(101)], 95) == 95.0
    assert percentile([7.0], 95) == 7.0


def _report(docs: Path, text: str) -> Path:
    (docs / report.FOLDER).mkdir()
    file = docs / report.REPORT
    file.write_text(text, encoding="utf-8")
    return file

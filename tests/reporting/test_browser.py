"""The page in Chromium: nothing is loaded, no error, every plot is there, no text is cut, in both color schemes."""

from pathlib import Path

import pytest

from scripts import report
from tests.cloud.fixtures import Cloud
from tests.reporting.browser import chromium, look
from tests.reporting.builders import line

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(chromium() is None, reason="there is no Chromium: apt install chromium"),
]
WIDTHS = (1280, 400)


@pytest.fixture
def simulated_day(cloud: Cloud, tmp_path: Path) -> Path:
    """The report of it."""
    page = tmp_path / "report.html"
    assert cloud.call(report.main, "--simulated-day", "--output", str(page)).code == 0
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_complete_and_loads_nothing(simulated_day: Path, width: int) -> None:
    seen = look(simulated_day, width=width)
    assert seen.complaints == []
    assert seen.requests == [simulated_day.as_uri()]
    assert len(seen.measures["plots"]) == 13
    assert all(plot["width"] > 300 and plot["height"] > 100 for plot in seen.measures["plots"])
    assert seen.measures["cut"] == []
    assert seen.measures["overlapping"] == []
    assert seen.measures["clipped"] == []
    assert seen.measures["beyond"] == 0
    assert seen.picture.startswith(b"\x89PNG")
    assert seen.print.startswith(b"%PDF")


def test_a_dark_browser_gets_a_dark_page(simulated_day: Path) -> None:
    light, dark = (look(simulated_day, width=WIDTHS[0], dark=is_dark) for is_dark in (False, True))
    assert light.measures["colors"] == ["rgb(31, 35, 40)", "rgb(255, 255, 255)"]
    assert dark.measures["colors"] == ["rgb(230, 237, 243)", "rgb(13, 17, 23)"]
    for seen in (light, dark):
        assert seen.measures["drawn"]
        assert seen.measures["colors"][1] not in seen.measures["drawn"]
        assert "rgb(0, 0, 0)" not in seen.measures["drawn"]


def test_long_and_hostile_names_are_text_within_the_page(cloud: Cloud, tmp_path: Path) -> None:
    name = '<img src="https://example.invalid/x.png" onerror=alert(1)>' * 3
    tokens = {"input": 10**9, "output": 10**9}
    file, page = tmp_path / "hostile.log", tmp_path / "report.html"
    lines = [line(minute, project=f"{minute}{name}", model=name, tokens=tokens) for minute in range(12)]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert cloud.call(report.main, "--log", str(file), "--output", str(page)).code == 0
    seen = look(page, width=WIDTHS[1])
    assert seen.complaints == []
    assert seen.requests == [page.as_uri()]
    assert (seen.measures["cut"], seen.measures["clipped"], seen.measures["beyond"]) == ([], [], 0)

"""Each command says in one line what it is for: in `--help`, and in docs/commands.md."""

import importlib
import re
import runpy
import sys
from pathlib import Path

import pytest

from scripts.setup import entry

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(path.stem for path in (ROOT / "scripts").glob("*.py"))
PAGE = ROOT / "docs/commands.md"
OF_ANOTHER_PROGRAM = {"cdktf"}  # its --help is the CLI's


def documented() -> dict[str, str]:
    """The purposes by command, as the page has them."""
    return dict(re.findall(r"^\| `(\w+)\.py` \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_command_is_documented() -> None:
    assert sorted(documented()) == COMMANDS


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in OF_ANOTHER_PROGRAM])
def test_the_help_of_a_command_begins_with_its_purpose(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        importlib.import_module(f"scripts.{name}").parse(["--help"])
    assert end.value.code == 0
    _, description, *_ = capsys.readouterr().out.split("\n\n")
    assert " ".join(description.split()).startswith(documented()[name])


@pytest.mark.parametrize("name", ["deploy", "drift", "plan", "scan", "test", "up"])
def test_options_are_read_before_anything_is_installed(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(entry, "enter", lambda **_: pytest.fail("it installed something"))
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(ROOT / f"scripts/{name}.py"), run_name="__main__")
    assert end.value.code == 0
    assert "usage: " in capsys.readouterr().out

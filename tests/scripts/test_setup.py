"""Setup: its messages, what counts as installed, and what an old Python can still read."""

import ast
import hashlib
import importlib.util
import runpy
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.cli.error_handling import ScriptError
from scripts.cli.processes import Processes
from scripts.setup import entry, fingerprint, install, prepare
from scripts.setup.requirements import tool_locks

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
RUN_FIRST = ("scripts.setup.entry", "scripts.setup.up_options", "scripts.environments", "scripts.prepare")


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def path_of(module: str) -> Path | None:
    """The file of a module of ours."""
    path = ROOT / module.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def imported_first() -> dict[str, set[str]]:
    """The modules of ours that a script imports before there is `.venv`, and what each imports."""
    found: dict[str, set[str]] = {}
    new = set(RUN_FIRST)
    while new:
        found |= {module: set(imports(path)) for module in new if (path := path_of(module))}
        new = {module for modules in found.values() for module in modules if path_of(module)} - found.keys()
    return found


@pytest.mark.parametrize(
    "path", [*SCRIPTS, *filter(None, map(path_of, sorted(imported_first())))], ids=lambda path: path.name
)
def test_an_old_python_can_read_the_scripts_and_be_refused(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_imports_from_the_repository_wherever_it_is_started(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: list[str] = []
    monkeypatch.setattr(entry, "run_main", lambda **_: first.append(sys.path[0]))
    monkeypatch.setattr(sys, "path", [str(path.parent), *sys.path])
    runpy.run_path(str(path), run_name="__main__")
    assert first == [str(ROOT)]


def test_setting_up_needs_the_standard_library_alone() -> None:
    found = imported_first()
    assert {"scripts.setup.install", "scripts.cli.processes", "local.runner.ports"} <= found.keys()
    others = {name.split(".")[0] for names in found.values() for name in names}
    assert others <= {"scripts", "local", *sys.stdlib_module_names}


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 13), (2, 7, 18)])
def test_an_old_python_is_refused_with_advice(version: tuple[int, ...]) -> None:
    with pytest.raises(ScriptError, match=r"Python 3\.11 or newer is needed; this is " + ".".join(map(str, version))):
        prepare.check_python(version)


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 14, 0)])
def test_a_newer_python_is_accepted(version: tuple[int, ...]) -> None:
    prepare.check_python(version)


def test_without_venv_the_message_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else name)
    with pytest.raises(ScriptError, match="sudo apt install python3-venv"):
        prepare.check_python((3, 11, 2))


def test_a_folder_is_complete_once_its_fingerprint_is_there(tmp_path: Path) -> None:
    assert not fingerprint.matches(tmp_path, lock="a==1")
    fingerprint.write(tmp_path, lock="a==1")
    assert fingerprint.matches(tmp_path, lock="a==1")


def test_another_lock_place_or_python_outdates_a_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    fingerprint.write(here, lock="a==1")
    assert not fingerprint.matches(here, lock="a==2")
    assert not fingerprint.matches(here.rename(there), lock="a==1")
    fingerprint.write(there, lock="a==1")
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    assert not fingerprint.matches(there, lock="a==1")


@pytest.mark.parametrize(
    ("pip_config", "named"),
    [
        ("", False),
        ("global.cert='/etc/ca.pem'\nglobal.extra-index-url='file:///wheels'\n", False),
        ("global.index-url='https://mirror.example/simple'\n", True),
        (":env:.index-url='https://mirror.example/simple'\n", True),
        ("global.cert='/etc/ca.pem'\n:env:.no-index='1'\n", True),
    ],
)
def test_an_index_of_pips_configuration_is_found(pip_config: str, named: bool) -> None:  # noqa: FBT001
    assert install.names_an_index(pip_config) is named


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A lock with one package, `word`, which this machine has alone; pip and uv ask no network for it."""
    wheel, info = tmp_path / "wheels/word-1.0-py3-none-any.whl", "word-1.0.dist-info"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("word.py", "")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: word\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, str(wheel.parent))
    for name in ("PIP_NO_INDEX", "UV_OFFLINE"):
        monkeypatch.setenv(name, "1")
    return f"word==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def test_a_package_that_is_not_what_was_locked_is_refused(locked: str, tmp_path: Path) -> None:
    folder, other = tmp_path / "image", f"{locked.partition(':')[0]}:{'0' * 64}\n"
    with pytest.raises(
        ScriptError, match=r"(?s)pip could not install what image needs.*hash.*run the same command again"
    ):
        install.create_environment(Processes(), folder, other)
    assert not (folder / fingerprint.NAME).exists()


def test_a_tool_has_an_environment_of_its_own_and_the_program_that_its_packages_lack(
    locked: str, tmp_path: Path
) -> None:
    folder, shim = tmp_path / "with a space/answer", "import sys, word\nprint(word.__file__, sys.argv[1])\n"
    install.create_tool(Processes(), folder, locked, shim)

    answer = subprocess.run(
        [install.program("answer", venv=folder), "word"], capture_output=True, text=True, check=True
    ).stdout

    assert answer.startswith(str(folder))
    assert answer.endswith(" word\n")
    assert fingerprint.matches(folder, lock=f"{locked}{shim}")
    assert not fingerprint.matches(folder, lock=locked)


@pytest.mark.parametrize("name", tool_locks(prepare.TOOL_LOCKS))
def test_a_tool_is_made_when_it_is_asked_for_and_not_before(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(prepare, "_is_complete", lambda folder, _lock, **_: folder.parent != prepare.TOOLS)
    monkeypatch.setattr(install, "create_tool", lambda _work, *, folder, **_: made.append(folder.name))
    prepare.prepare()
    assert made == []
    prepare.prepare(tools=[name])
    assert made == [name]
    assert prepare.tool(name).parent == install.program("x", venv=prepare.TOOLS / name).parent


def test_the_environment_of_this_process_is_never_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[Path] = []
    monkeypatch.setattr(prepare, "_is_complete", lambda *_, **__: False)
    monkeypatch.setattr(install, "install_packages", lambda _, *, folder, **__: installed.append(folder))
    monkeypatch.setattr(install, "create_venv", lambda *_, **__: pytest.fail("it was replaced"))
    prepare.prepare()
    assert installed == [install.VENV]

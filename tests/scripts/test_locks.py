"""The locks: complete, for every platform, and naming no package index."""

import json
import re
from pathlib import Path

import pytest

from scripts.requirements import from_pipfile_lock, image_locks, only
from settings import load_environments

ROOT = Path(__file__).parents[2]
LOCKS = ["Pipfile.lock", "package-lock.json", *(f"local/image/{path.name}" for path in ROOT.glob("local/image/*.txt"))]


@pytest.fixture
def packages() -> str:
    """What is installed into `.venv`."""
    return from_pipfile_lock((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["Pipfile", "package.json", *LOCKS])
def test_names_no_package_index(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(
        r"pypi\.org|pythonhosted|npmjs|registry\.|--(extra-)?index-url|--find-links|\"resolved\"", text
    )


def test_pipfile_lock_has_no_source() -> None:
    lock = json.loads((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))
    assert lock["_meta"]["sources"] == []
    assert not [name for section in ("default", "develop") for name, it in lock[section].items() if "index" in it]


def test_every_line_is_pinned_and_hashed(packages: str) -> None:
    for requirements in [packages, *(path.read_text() for path in image_locks(ROOT / "local/image").values())]:
        entries = requirements.replace("\\\n", "").splitlines()
        assert len(entries) > 50
        assert not [
            entry for entry in entries if not re.match(r"[\w.-]+==\S+( ;.+?)?( +--hash=sha256:\w{64})+$", entry)
        ]


def test_a_marker_stands_between_version_and_hashes() -> None:
    locked = {"version": "==1.0", "markers": "sys_platform != 'win32'", "hashes": ["sha256:aa", "sha256:bb"]}
    text = from_pipfile_lock(json.dumps({"default": {"thing": locked}, "develop": {}}))
    assert text == "thing==1.0 ; sys_platform != 'win32' \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"


def test_packages_for_development_are_installed_and_the_others_win() -> None:
    lock = {"default": {"a": {"version": "==2", "hashes": []}}, "develop": {"a": {"version": "==1", "hashes": []}}}
    lock["develop"]["b"] = {"version": "==3", "hashes": []}
    assert from_pipfile_lock(json.dumps(lock)) == "a==2\nb==3\n"


def test_both_halves_of_the_lock_agree() -> None:
    lock = json.loads((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))
    both = lock["default"].keys() & lock["develop"].keys()
    assert not [name for name in both if lock["default"][name]["version"] != lock["develop"][name]["version"]]


def test_uv_is_locked_and_can_be_had_alone(packages: str) -> None:
    line = only(packages, "uv")
    assert line.startswith("uv==")
    assert line.count("--hash=") > 5
    assert line.count("\n") == 1


def test_the_image_of_every_environment_has_a_lock() -> None:
    versions = {settings.containers.litellm_version for settings in load_environments()}
    assert versions <= image_locks(ROOT / "local/image").keys()


def test_the_cli_is_pinned_and_runs_no_scripts() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert lock["node_modules/cdktf-cli"]["version"] == "0.21.0"
    assert all("integrity" in package for name, package in lock.items() if name and not package.get("inBundle"))

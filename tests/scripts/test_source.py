"""What a stack or a deployed revision carries, beside the working tree."""

from pathlib import Path

import pytest

from gateway.archive import pack, read_source, source_variable
from gateway.runtime.configuration import source_digest
from scripts import source
from tests.cloud.az.containerapp import app, revision
from tests.cloud.fixtures import Cloud

APP, GROUP = "pvc-dev-aigateway-ca-san", "pvc-dev-aigateway-rg-san"
CHANGED = pack(
    {**read_source(), "gateway/runtime/__main__.py": b"changed = True\n", "gateway/runtime/new.py": b"new = 1\n"}
)


@pytest.fixture
def deployed(cloud: Cloud) -> Cloud:
    """A revision with another source, and an older one with that of the working tree."""
    revisions = [
        revision(f"{APP}--2", "2026-11-20", active=True, source=CHANGED),
        revision(f"{APP}--1", "2026-11-01", source=source_variable()),
        revision(f"{APP}--0", "2026-10-01"),
    ]
    with cloud.edit() as azure:
        azure["container_apps"][APP] = app(APP, GROUP, fqdn="gateway.example", revisions=revisions)
    return cloud


def test_a_stack_carries_the_working_tree(cloud: Cloud) -> None:
    ran = cloud.call(source.main, "--env", "dev", "--list")
    assert (ran.code, ran.err) == (0, "")
    assert f"source {source_digest(source_variable())}: {len(read_source())} files" in ran.out
    assert "gateway/runtime/__main__.py\n" in ran.out
    assert ran.out.endswith("The working tree has the same source.\n")


def test_a_revision_with_another_source_is_shown_as_a_difference(deployed: Cloud) -> None:
    ran = deployed.call(source.main, "--env", "dev", "--deployed")
    assert ran.code == 1, ran.err
    assert f"source {source_digest(CHANGED)}: " in ran.out
    assert "+++ carried/gateway/runtime/__main__.py\n" in ran.out
    assert "+changed = True\n" in ran.out
    assert "+new = 1\n" in ran.out


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        ({"aiohttp/__init__.py": b""}, "only in the archive: aiohttp/__init__.py\n"),
        ({"gateway/runtime/__main__.py": b"\xff\xfe"}, "+++ carried/gateway/runtime/__main__.py\n"),
    ],
)
def test_an_empty_file_and_one_that_is_no_text_are_differences(
    cloud: Cloud, other: dict[str, bytes], shown: str
) -> None:
    archive = pack({**read_source(), **other})
    with cloud.edit() as azure:
        revisions = [revision(f"{APP}--1", "2026-11-20", active=True, source=archive)]
        azure["container_apps"][APP] = app(APP, GROUP, fqdn="gateway.example", revisions=revisions)
    ran = cloud.call(source.main, "--env", "dev", "--deployed")
    assert ran.code == 1, ran.err
    assert shown in ran.out
    assert "same source" not in ran.out


def test_an_earlier_revision_can_be_named_and_unpacked(deployed: Cloud, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    words = ("--env", "dev", "--revision", f"{APP}--1", "--unpack", str(folder))
    ran = deployed.call(source.main, *words)
    assert ran.code == 0, ran.err
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert files == read_source()
    again = deployed.call(source.main, *words)
    assert (again.code, again.err) == (2, f"--unpack {folder}: exists. Name a folder that does not.\n")


def test_a_revision_of_before_the_archive_is_told(deployed: Cloud) -> None:
    ran = deployed.call(source.main, "--env", "dev", "--revision", f"{APP}--0")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"{APP} carries no GATEWAY_SOURCE: it was made by another version of this repository.\n"

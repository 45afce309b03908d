"""The archive that carries the gateway's source."""

import base64
import bz2
import io
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from gateway.archive import ROOT, SOURCE, pack, read_source, source_variable, unpack
from gateway.runtime.configuration import source_digest
from gateway.start import START_GATEWAY

_PROGRAM = """\
import sys

from .part import NAME

print(NAME, __package__, sys.path[0], __file__)
"""


def test_what_is_unpacked_is_the_source_as_it_stands() -> None:
    source = unpack(source_variable())
    assert source == read_source()
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "gateway/runtime").rglob("*.py")}
    assert modules < source.keys()
    for path in modules:
        assert source[path] == (ROOT / path).read_bytes()


def test_the_same_source_is_the_same_text_on_every_machine() -> None:
    source = {"gateway/runtime/b.py": "print('é')\n".encode(), "gateway/runtime/a.py": b""}
    text = pack(source)
    assert text == pack(dict(reversed(source.items())))
    # The same with Python 3.9 to 3.13. Another one means that every plan shows a change.
    assert source_digest(text) == "352ce4c935e138fa"


def test_line_ends_of_a_checkout_make_no_difference(tmp_path: Path) -> None:
    for name, line_end in {"unix": b"\n", "windows": b"\r\n"}.items():
        (tmp_path / name / "gateway/runtime").mkdir(parents=True)
        (tmp_path / name / "gateway/runtime/a.py").write_bytes(b"a = 1" + line_end)
    assert pack(read_source(tmp_path / "unix")) == pack(read_source(tmp_path / "windows"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_what_is_no_regular_file_is_refused(kind: bytes) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        member = tarfile.TarInfo("gateway/runtime/retries.py")
        member.type, member.linkname = kind, "/tmp/other.py"  # noqa: S108
        archive.addfile(member)
    with pytest.raises(ValueError, match=r"gateway/runtime/retries.py is not a regular file"):
        unpack(base64.b64encode(bz2.compress(tar.getvalue())).decode())


def test_a_file_that_is_there_twice_is_refused() -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("a.py"))
    with pytest.raises(ValueError, match="GATEWAY_SOURCE holds a file twice"):
        unpack(base64.b64encode(bz2.compress(tar.getvalue())).decode())


@pytest.mark.parametrize("name", ["..\\a.py", "../gateway/runtime/a.py", "/etc/a.py", "gateway/../../a.py"])
def test_a_file_outside_of_the_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{name} is outside of the archive's folder")):
        unpack(pack({name: b""}))


@pytest.mark.parametrize("text", ["?", base64.b64encode(b"no archive").decode(), source_variable()[:1000]])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="GATEWAY_SOURCE holds no archive of source files"):
        unpack(text)


def test_the_start_command_runs_the_package_of_the_archive(tmp_path: Path) -> None:
    text = pack(
        {
            "gateway/__init__.py": b"",
            "gateway/runtime/__init__.py": b"",
            "gateway/runtime/__main__.py": _PROGRAM.encode(),
            "gateway/runtime/part.py": b"NAME = 'a module'\n",
        }
    )
    environ = {**os.environ, SOURCE: text, "TMPDIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, *START_GATEWAY[1:]], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    (folder,) = tmp_path.iterdir()
    assert ran.stderr == ""
    assert ran.stdout.split() == [
        "a",
        "module",
        "gateway.runtime",
        str(folder),
        f"{folder}/gateway/runtime/__main__.py",
    ]
    if os.name != "nt":
        assert folder.stat().st_mode & 0o777 == 0o700

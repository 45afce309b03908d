"""The gateway's source as one archive, which the container carries in one environment variable.

A tar compressed with bzip2, as base64 text: `base64 -d | tar tj` lists it on any machine. The same source gives the
same bytes everywhere: names are sorted, owners and times left out, and bzip2 has one encoder, where zlib has several
(docs/decisions/0018-source-in-the-revision.md).
"""

import base64
import bz2
import io
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath

SOURCE = "GATEWAY_SOURCE"
"""The environment variable."""
ROOT = Path(__file__).parents[1]
_PATTERNS = (
    "gateway/__init__.py",
    "gateway/runtime/**/*.py",
    # The settings that the gateway itself reads, declared once.
    "settings/__init__.py",
    "settings/limits.py",
    "settings/values.py",
)


def read_source(root: Path = ROOT) -> Mapping[str, bytes]:
    """The files of a working tree that travel, by their path in the repository; line ends are LF on every machine."""
    files = sorted(path for pattern in _PATTERNS for path in root.glob(pattern))
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8").encode() for path in files}


def pack(source: Mapping[str, bytes]) -> str:
    """Files by path as the text of the environment variable."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(source.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return base64.b64encode(bz2.compress(tar.getvalue())).decode()


def unpack(text: str) -> Mapping[str, bytes]:
    """Files by path, from the text of the environment variable.

    Raises:
        ValueError: it is not such a text.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(text, validate=True)), mode="r:bz2") as archive:
            members = archive.getmembers()
            files = {member.name: _content(archive, member) for member in members}
    except (tarfile.TarError, OSError, EOFError, ValueError) as broken:
        raise ValueError(f"{SOURCE} holds no archive of source files: {broken}") from None
    if len(files) < len(members):
        raise ValueError(f"{SOURCE} holds a file twice")
    return files


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """The start command extracts whatever is there; what `pack` does not write is not ours."""
    if not member.isfile():
        raise ValueError(f"{member.name} is not a regular file")
    if "\\" in member.name or {"/", ".."} & {*PurePosixPath(member.name).parts}:
        raise ValueError(f"{member.name} is outside of the archive's folder")
    return (archive.extractfile(member) or io.BytesIO()).read()


@cache  # every stack carries the same
def source_variable() -> str:
    """The archive of this working tree."""
    return pack(read_source())

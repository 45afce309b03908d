"""A client's file, and how it is written: privately, because it contains the key or stands beside one that does."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.client_files.access import Access


@dataclass(frozen=True)
class Client:
    """`file` is relative to the folder of all files; `usage` may name it as `{file}`, and the folder as `{folder}`.

    `render` gives None if the client can use none of the models.
    """

    name: str
    file: str
    render: Callable[[Access], str | None]
    usage: str


def write_all(folder: Path, *, access: Access, clients: Sequence[Client]) -> dict[str, str]:
    """Write the file of each client; how to use it, by the client's name."""
    folder.mkdir(parents=True, exist_ok=True)
    usage = {}
    for client in clients:
        path = folder / client.file
        text = client.render(access)
        if text is None:
            path.unlink(missing_ok=True)
            continue
        write(path, text)
        usage[client.name] = client.usage.format(file=path, folder=folder)
    return usage


def write(path: Path, text: str) -> None:
    """Replace the file atomically; it is private from the start."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")  # another run may write at the same time
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    new.replace(path)

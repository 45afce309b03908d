"""Shows the gateway's source that a stack or a deployed revision carries: `source.py --env dev [--deployed]`.

Nobody has to trust an archive in an environment variable: this lists its files, unpacks them, and shows how they differ
from the working tree. The exit code is 1 when they differ.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from typing import Any

from gateway.archive import SOURCE, read_source, source_variable, unpack
from gateway.runtime.configuration import source_digest
from scripts.azure.login import log_in
from scripts.cli.error_handling import ScriptError
from scripts.terraform import stacks
from scripts.terraform.stacks import Stack


def main() -> None:
    """List, unpack if told so, compare."""
    arguments = parse(sys.argv[1:])
    stack = stacks.load(arguments.env)
    if arguments.deployed or arguments.revision:
        carried = _variable(_deployed_containers(stack, revision=arguments.revision), holder=stack.container_app)
    else:
        carried = _variable(_synthesized_containers(stack), holder=stack.name)
    try:
        files = unpack(carried)
    except ValueError as broken:
        raise ScriptError(f"{stack.env}: {broken}") from None
    print(f"source {source_digest(carried)}: {len(files)} files, {sum(map(len, files.values())):,} bytes")
    if arguments.unpack:
        _write(files, arguments.unpack)
    if arguments.list:
        print("\n".join(f"{len(content):>8,}  {name}" for name, content in files.items()))
    if carried == source_variable():
        print("The working tree has the same source.")
        return
    print(f"The working tree has the source {source_digest(source_variable())}.")
    print("".join(differences(files, read_source())) or "The files are the same; the archives are not.")
    sys.exit(1)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="source.py", description="Shows the gateway's source that a stack or a deployed revision carries."
    )
    parser.add_argument("--env", required=True, metavar="NAME", help="the environment, as it was synthesized last")
    parser.add_argument("--deployed", action="store_true", help="ask Azure for the newest revision instead")
    parser.add_argument("--revision", metavar="NAME", help="ask Azure for this revision instead")
    parser.add_argument("--list", action="store_true", help="list the files")
    parser.add_argument("--unpack", type=Path, metavar="FOLDER", help="write the files into a new folder")
    return parser.parse_args(words)


def differences(carried: Mapping[str, bytes], here: Mapping[str, bytes]) -> Iterator[str]:
    """Files that only one side has, and a unified diff from the working tree to what is carried."""
    yield from (f"only in the archive: {name}\n" for name in sorted(carried.keys() - here.keys()))
    yield from (f"only in the working tree: {name}\n" for name in sorted(here.keys() - carried.keys()))
    for name in sorted({*carried, *here}):
        both = (files.get(name, b"").decode(errors="replace") for files in (here, carried))
        before, after = (text.splitlines(keepends=True) for text in both)
        yield from unified_diff(before, after, f"working tree/{name}", f"carried/{name}")


def _synthesized_containers(stack: Stack) -> Sequence[Mapping[str, Any]]:
    path = ("resource", "azurerm_container_app", "gateway", "template", "container")
    containers: Sequence[Mapping[str, Any]] = stack.find(*path)
    return containers


def _deployed_containers(stack: Stack, *, revision: str | None) -> Sequence[Mapping[str, Any]]:
    where = ("--name", stack.container_app, "--resource-group", stack.resource_group)
    words = ("revision", "show", "--revision", revision) if revision else ("show",)
    answer = log_in(stack).query("containerapp", *words, *where)
    containers: Sequence[Mapping[str, Any]] = answer["properties"]["template"]["containers"]
    return containers


def _variable(containers: Sequence[Mapping[str, Any]], *, holder: str) -> str:
    for container in containers:
        for entry in container.get("env") or ():
            if entry["name"] == SOURCE:
                return str(entry["value"])
    raise ScriptError(f"{holder} carries no {SOURCE}: it was made by another version of this repository.")


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    if folder.exists():
        raise ScriptError(f"--unpack {folder}: exists. Name a folder that does not.", code=2)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"written to {folder}")

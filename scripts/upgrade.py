"""Tests another version of LiteLLM by the tag of its image, and pins it with `--write`: `upgrade.py v1.108.7`.

Asks the registry for the digest, locks and installs that version, and runs the gateway's tests with it. Exit codes: 0,
1 when something failed, 2 for wrong arguments or a version that the settings refuse, 130 after Ctrl-C.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
import re
from functools import partial

from pydantic import TypeAdapter, ValidationError

from scripts import lock, test
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.processes import run_in_parallel
from scripts.setup.container_registry import digest_of
from scripts.setup.paths import ROOT
from scripts.setup.prepare import LOCKS, prepare
from scripts.setup.requirements import image_locks
from settings import image

SETTINGS = ROOT / "settings" / "image.py"
_UNKNOWN_DIGEST = "sha256:" + "0" * 64


def main() -> None:
    """Resolve, lock, install, test, report."""
    arguments = parse(sys.argv[1:])
    version = version_of(arguments.repository, arguments.tag, arguments.digest or _UNKNOWN_DIGEST)
    digest = arguments.digest or resolve(arguments.repository, arguments.tag)
    image = f"{arguments.repository}:{arguments.tag}@{digest}"
    log(image)
    make_lock(version)
    prepare(development=True, litellm=[version])
    try:
        test.pytest([*test.WITH_LITELLM, "--full", "--litellm", version])
    except ScriptError as failure:
        raise ScriptError(
            f"The gateway's tests failed with LiteLLM {version} ({failure}). The settings are unchanged.\n"
            "What to check: docs/upgrade.md."
        ) from None
    report(image, write=arguments.write)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="upgrade.py", description="Tests another version of LiteLLM, and pins it with --write."
    )
    parser.add_argument("tag", type=tag, metavar="TAG", help="tag of the image, such as v1.108.7")
    parser.add_argument(
        "--repository",
        type=repository,
        default=default_image().rpartition("@")[0].rpartition(":")[0],
        metavar="NAME",
        help="repository of the image (default: %(default)s)",
    )
    parser.add_argument(
        "--digest", type=digest, metavar="sha256:...", help="digest of the image, if the registry cannot be reached"
    )
    parser.add_argument("--write", action="store_true", help="if the tests pass, make it the default of the settings")
    return parser.parse_args(words)


def tag(text: str) -> str:
    """A tag of an image."""
    if not re.fullmatch(r"\w[\w.-]{0,127}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no tag of an image; use one such as v1.108.7")
    return text


def repository(text: str) -> str:
    """HOST/PATH: without a host, a name may mean another registry on another machine."""
    host, _, path = text.partition("/")
    if not path or not re.search(r"[.:]|^localhost$", host):
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with the host of the registry")
    return text


def digest(text: str) -> str:
    """A SHA-256 digest."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not sha256: and 64 hexadecimal digits in lower case")
    return text


def default_image() -> str:
    """The default of the settings, as their file has it."""
    (image,) = _default(SETTINGS.read_text(encoding="utf-8")).groups()
    return str(image)


def _default(text: str) -> re.Match[str]:
    found = re.search(r'^DEFAULT_IMAGE = \(?\s*"([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise ScriptError(f"{SETTINGS} has no DEFAULT_IMAGE.")
    return found


def version_of(repository: str, tag: str, digest: str) -> str:
    """LiteLLM's version according to the tag; `ScriptError` with the reason when the settings refuse it."""
    name = f"{repository}:{tag}@{digest}"
    version = image.version_text(name)
    if version is None:
        raise ScriptError(f"{tag} does not name a version of LiteLLM; use a tag such as v1.103.2.", code=2)
    try:
        TypeAdapter(image.Image).validate_python(name)
    except ValidationError as refusal:
        raise ScriptError(f"{repository}:{tag} {refusal.errors()[0]['msg']}", code=2) from None
    return version


def resolve(repository: str, tag: str) -> str:
    """The digest of the tag."""
    log(f"Asking {repository.partition('/')[0]} for the digest of {tag}")
    return digest_of(repository, tag)


def make_lock(version: str) -> None:
    """Lock the packages of that version, unless there is a lock."""
    if version in image_locks(LOCKS):
        return
    try:
        path = LOCKS / f"litellm-{version}.txt"
        run_in_parallel({f"A lock of LiteLLM {version}": partial(lock.image, version=version, path=path)})
    except ScriptError as failure:
        raise ScriptError(f"LiteLLM {version} cannot be locked:\n\n{failure}") from None


def report(image: str, *, write: bool) -> None:
    """Print the image for the settings; with `write`, make it their default."""
    if not write:
        print(f'The tests pass. Set containers.image, or make it the default with --write:\n\nimage = "{image}"')
        return
    text = SETTINGS.read_text(encoding="utf-8")
    start, end = _default(text).span(1)
    SETTINGS.write_text(text[:start] + image + text[end:], encoding="utf-8")
    print(f"The tests pass. The default in {SETTINGS.relative_to(ROOT)} is now:\n\n{image}")

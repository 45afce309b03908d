"""The options of scripts/up.py. Standard library only: wrong ones are reported before anything is installed."""

from __future__ import annotations

import argparse
from urllib.parse import urlsplit

from local.runner.errors import RunnerError
from local.runner.ports import free_port
from scripts.cli.error_handling import ScriptError
from scripts.setup.settings_files import environment_files


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2, a port in use with 1."""
    parser = argparse.ArgumentParser(
        prog="up.py", description="Starts the gateway on this machine; installs whatever is missing."
    )
    environments = [file.stem for file in environment_files()]
    parser.add_argument(
        "--env", default="dev", choices=environments, metavar="NAME", help=f"{', '.join(environments)} (default: dev)"
    )
    parser.add_argument("--port", type=_port, default=4000, metavar="N", help="0: any free port (default: 4000)")
    parser.add_argument("--azure", action="store_true", help="the settings' Azure OpenAI instead of the emulator")
    parser.add_argument(
        "--upstream",
        action="append",
        type=_upstream,
        default=[],
        metavar="NAME=URL",
        help="another address for one upstream; repeatable",
    )
    parser.add_argument("--once", action="store_true", help="start, run the smoke test, print how to connect, stop")
    parser.add_argument("--json", action="store_true", help="when ready, one line of JSON on stdout")
    arguments = parser.parse_args(words)
    try:
        free_port(arguments.port)
    except RunnerError as failure:
        raise ScriptError(str(failure)) from None
    return arguments


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; use 0 to 65535")
    return int(text)


def _upstream(text: str) -> tuple[str, str]:
    name, _, url = text.partition("=")
    try:
        parts = urlsplit(url)
        is_origin = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # of the port
        is_origin = False
    if not (name and is_origin and url.rstrip("/") == f"{parts.scheme}://{parts.netloc}"):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=URL, with an http(s) URL that ends with its host")
    return name, url.rstrip("/")

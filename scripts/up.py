"""One command from a fresh clone to a working gateway: sets up what is missing, synthesizes, starts the local run.

Exit codes: 0, 1 when something failed, 2 for a mistake in arguments or settings, 130 after Ctrl-C.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(venv=False)

import argparse

from scripts.cli.processes import exec_program
from scripts.setup.install import program
from scripts.setup.prepare import prepare
from scripts.setup.settings_files import environment_files, litellm_versions


def main() -> None:
    """Prepare, synthesize, and become the runner."""
    arguments = parse(sys.argv[1:])
    prepare(litellm=litellm_versions())
    from scripts.terraform.stacks import synthesize  # which an old Python cannot read

    synthesize()
    exec_program([program("python"), "-m", "local.runner", *runner_arguments(arguments)])


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="up.py", description="Starts the gateway on this machine, setting up whatever is missing."
    )
    # What can be judged now is judged now: the setup takes a minute, and a mistake should not wait for it.
    environments = [file.stem for file in environment_files()]
    parser.add_argument(
        "--env", default="dev", choices=environments, metavar="NAME", help=f"{', '.join(environments)} (default: dev)"
    )
    parser.add_argument("--port", type=port, default=4000, metavar="N", help="0: a free one (default: 4000)")
    parser.add_argument("--azure", action="store_true", help="the settings' Azure OpenAI instead of the emulator")
    parser.add_argument(
        "--upstream",
        action="append",
        type=upstream,
        default=[],
        metavar="NAME=URL",
        help="another address for one upstream; may be repeated",
    )
    parser.add_argument("--once", action="store_true", help="start, test every endpoint, print, stop")
    parser.add_argument("--json", action="store_true", help="when ready, one line of JSON on stdout")
    return parser.parse_args(words)


def port(text: str) -> int:
    """A TCP port, or 0."""
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; use 0 to 65535")
    return int(text)


def upstream(text: str) -> str:
    """NAME=URL; the runner, which knows the names, judges the rest."""
    if "://" not in text.partition("=")[2]:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=URL")
    return text


def runner_arguments(arguments: argparse.Namespace) -> list[str]:
    """The same options, for the runner."""
    words = ["--env", arguments.env, "--port", str(arguments.port)]
    words += [word for upstream in arguments.upstream for word in ("--upstream", upstream)]
    words += [f"--{name}" for name in ("azure", "once", "json") if getattr(arguments, name)]
    return words

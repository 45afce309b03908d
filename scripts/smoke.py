"""Asks a running gateway what its clients will ask: `GATEWAY_KEY=... smoke.py --base-url URL`.

Without --base-url it is the one of scripts/up.py, whose key is known. Any other key comes from the environment or is
asked for; an argument would be seen by everybody on the machine. Exit codes: 0 all passed, 1 a check failed, 2 a
mistake of the caller, 130 Ctrl-C.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
import getpass
import json
import os

from scripts.azure.offers import normalized
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.terminal import console
from scripts.setup.paths import ROOT
from scripts.smoke_test import offer_of, run
from scripts.smoke_test.wire import is_local

LOCAL = "http://127.0.0.1:4000/v1"
LOCAL_ENV = "dev"
LOCAL_WAIT_S = 20.0
"""There is no machine to be found, and what was not started will not start."""
SECRETS = ROOT / ".local" / "secrets.json"
_LONGEST_S = 3600.0


def main() -> None:
    """Run the checks, print them, and tell by the exit code."""
    arguments = parse(sys.argv[1:])
    base_url = normalized(where(arguments.base_url, env=arguments.env))
    offer = offer_of(arguments.env, project=arguments.project)
    report = run(
        base_url=base_url,
        key=find_key(offer.key.name, local=SECRETS if is_local(base_url) else None),
        offer=offer,
        wait_s=patience(arguments.wait_s, is_local=is_local(base_url)),
        timeout_s=arguments.timeout_s,
        tell=lambda text: log(text, passing=True),
    )
    if arguments.json:
        print(json.dumps(report.as_json()))
    else:
        screen = console()
        screen.print(report.table())
        screen.print(f"\n{report.text()}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(0 if report.passed else 1)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    from scripts.smoke_test import TIMEOUT_S, WAIT_S

    waits = f"{WAIT_S:.0f}, on this machine {LOCAL_WAIT_S:.0f}"
    parser = argparse.ArgumentParser(
        prog="smoke.py",
        description="Asks a running gateway what its clients will ask. The key comes from GATEWAY_KEY, or from "
        "TF_VAR_gateway_key (of another project: TF_VAR_gateway_key_NAME), or is asked for.",
    )
    parser.add_argument("--base-url", metavar="URL", help=f"https://HOST/v1, or https://HOST (default: {LOCAL})")
    parser.add_argument(
        "--env", default=LOCAL_ENV, metavar="NAME", help=f"whose models to expect (default: {LOCAL_ENV})"
    )
    parser.add_argument("--project", metavar="NAME", help="whose key it is (default: the first of the settings)")
    parser.add_argument("--wait-s", type=seconds, metavar="N", help=f"for a start, at most (default: {waits})")
    parser.add_argument(
        "--timeout-s",
        type=seconds,
        default=TIMEOUT_S,
        metavar="N",
        help=f"for each answer; all take three times that at most (default: {TIMEOUT_S:.0f})",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return parser.parse_args(words)


def where(base_url: str | None, *, env: str) -> str:
    """The address; who names another environment than the one of scripts/up.py hardly means this machine."""
    if base_url is not None:
        return base_url
    if env != LOCAL_ENV:
        raise ScriptError(
            f"Which gateway of {env}? Its address: --base-url https://HOST; on this machine --base-url {LOCAL}", code=2
        )
    log(f"The gateway on this machine, {LOCAL}; another one: --base-url https://HOST")
    return LOCAL


def patience(given: float | None, *, is_local: bool) -> float:
    """How long to wait for a start."""
    from scripts.smoke_test import WAIT_S

    if given is not None:
        return given
    return LOCAL_WAIT_S if is_local else WAIT_S


def seconds(text: str) -> float:
    """A time that somebody would wait."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {_LONGEST_S:.0f}")
    return number


def find_key(name: str, *, local: Path | None) -> str:
    """The key: from the environment, of the gateway on this machine from where scripts/up.py keeps it, or typed in."""
    for variable in ("GATEWAY_KEY", f"TF_VAR_{name}"):
        if key := os.environ.get(variable, "").strip():
            return key
    if local and local.is_file() and (key := kept(local, name)):
        return key
    if not sys.stdin.isatty():
        raise ScriptError(f"A key is needed: set GATEWAY_KEY or TF_VAR_{name}.", code=2)
    try:
        return getpass.getpass("The gateway's key: ")
    except EOFError:
        raise ScriptError("A key is needed.", code=2) from None


def kept(file: Path, name: str) -> str:
    """What scripts/up.py made up for this variable, if it did."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return ""
    return str(content.get(name, "")) if isinstance(content, dict) else ""

"""Tests a running gateway the way its clients use it: `GATEWAY_KEY=... smoke.py --base-url URL`.

Exit codes: 0 all checks passed, 1 one failed, 2 wrong arguments, 130 Ctrl-C.
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

from scripts.cli.base_url import normalize
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.terminal import console
from scripts.setup.paths import STATE
from scripts.smoke_test import TIMEOUT_S, WAIT_S, run, target_of
from scripts.smoke_test.http import is_local
from settings.secret_names import terraform_environ

LOCAL_URL = "http://127.0.0.1:4000/v1"
LOCAL_ENV = "dev"
LOCAL_WAIT_S = 20.0
LOCAL_SECRETS = STATE / "secrets.json"
_MAX_S = 3600.0


def main() -> None:
    """Run the checks and print the results."""
    arguments = parse(sys.argv[1:])
    base_url = normalize(url_of(arguments.base_url, env=arguments.env))
    target, is_here = target_of(arguments.env, project=arguments.project), is_local(base_url)
    wait_s = LOCAL_WAIT_S if is_here else WAIT_S
    report = run(
        base_url=base_url,
        key=find_key(target.key.name, secrets=LOCAL_SECRETS if is_here else None),
        target=target,
        wait_s=wait_s if arguments.wait_s is None else arguments.wait_s,
        timeout_s=arguments.timeout_s,
        progress=lambda text: log(text, passing=True),
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
    parser = argparse.ArgumentParser(
        prog="smoke.py",
        description="Tests a running gateway the way its clients use it, and says which layer fails. The key comes "
        "from GATEWAY_KEY or TF_VAR_gateway_key (of another project: TF_VAR_gateway_key_NAME), or is asked for.",
    )
    parser.add_argument("--base-url", metavar="URL", help=f"https://HOST/v1 or https://HOST (default: {LOCAL_URL})")
    parser.add_argument(
        "--env", default=LOCAL_ENV, metavar="NAME", help=f"environment with the expected models (default: {LOCAL_ENV})"
    )
    parser.add_argument("--project", metavar="NAME", help="project of the key (default: the default project)")
    parser.add_argument(
        "--wait-s",
        type=seconds,
        metavar="N",
        help=f"longest wait for a gateway that starts (default: {WAIT_S:.0f}; on this machine {LOCAL_WAIT_S:.0f})",
    )
    parser.add_argument(
        "--timeout-s",
        type=seconds,
        default=TIMEOUT_S,
        metavar="N",
        help=f"longest wait for one answer; all checks take three times that at most (default: {TIMEOUT_S:.0f})",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    return parser.parse_args(words)


def url_of(base_url: str | None, *, env: str) -> str:
    """The given address, or the gateway on this machine, which is LOCAL_ENV's."""
    if base_url is not None:
        return base_url
    if env != LOCAL_ENV:
        raise ScriptError(f"Add the address of {env}: --base-url https://HOST (on this machine: {LOCAL_URL})", code=2)
    log(f"Testing the gateway on this machine, {LOCAL_URL}. For another one add --base-url https://HOST.")
    return LOCAL_URL


def seconds(text: str) -> float:
    """A number of seconds, up to an hour."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= _MAX_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {_MAX_S:.0f}")
    return number


def find_key(name: str, *, secrets: Path | None) -> str:
    """The key: from the environment, from the file in which up.py keeps it, or typed in.

    It is not an argument, because every process on the machine can read arguments.
    """
    for variable in ("GATEWAY_KEY", terraform_environ(name)):
        if key := os.environ.get(variable, "").strip():
            return key
    if secrets and secrets.is_file() and (key := _saved_key(secrets, name)):
        return key
    if not sys.stdin.isatty():
        raise ScriptError(f"The gateway's key is missing: set GATEWAY_KEY or {terraform_environ(name)}.", code=2)
    try:
        return getpass.getpass("The gateway's key: ")
    except EOFError:
        raise ScriptError("The gateway's key is missing.", code=2) from None


def _saved_key(secrets: Path, name: str) -> str:
    try:
        content = json.loads(secrets.read_text(encoding="utf-8"))
    except ValueError:
        return ""
    return str(content.get(name, "")) if isinstance(content, dict) else ""

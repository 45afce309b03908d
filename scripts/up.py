"""Starts the gateway on this machine, from a fresh clone on: `up.py`. Installs what is missing, then synthesizes.

Exit codes: 0, 1 when something failed, 2 for a mistake in arguments or settings, 130 after Ctrl-C.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main
    from scripts.setup.up_options import parse

    run_main(first=parse, litellm=True)

import json
import shlex
import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from local.runner.errors import RunnerError
from local.runner.session import Session, run
from scripts import smoke_test
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.settings import require_endpoints
from scripts.cli.terminal import console
from scripts.client_files import CLIENTS, access_to, write_all
from scripts.setup.paths import ROOT, STATE
from scripts.setup.up_options import parse
from scripts.smoke_test import Report, Target
from scripts.smoke_test.checks import cheapest_call
from scripts.terraform import stacks

LOG = STATE / "gateway.log"


def main() -> None:
    """Start the gateway, test it, print how to connect; then follow its log until Ctrl-C."""
    arguments = parse(sys.argv[1:])
    screen = console(stderr=arguments.json)
    if arguments.azure and not arguments.upstream:
        require_endpoints([arguments.env])
    stacks.synthesize()
    try:
        with run(
            stack=stacks.output_folder() / f"stacks/aigateway-{arguments.env}/cdk.tf.json",
            port=arguments.port,
            upstreams=dict(arguments.upstream),
            azure=arguments.azure,
            secrets=STATE / "secrets.json",
            progress=lambda step: log(step, passing=True),
        ) as session:
            log("Testing every endpoint", passing=True)
            targets = smoke_test.targets_of(arguments.env)
            show_results(screen, [test(session, target) for target in targets])
            show_access(screen, session=session, env=arguments.env, target=targets[0])
            if arguments.json:
                models = [deployment.model.name for deployment in targets[0].deployments]
                print(json.dumps({"base_url": session.base_url, "key": session.key, "models": models}), flush=True)
            if not arguments.once:
                screen.print(
                    f"\nThe log of the gateway follows; {LOG.relative_to(ROOT)} keeps it. Ctrl-C stops everything."
                )
                follow(session, screen, kept=LOG)
    except RunnerError as failure:
        raise ScriptError(str(failure)) from None


def test(session: Session, target: Target) -> Report:
    """The smoke test of a project."""
    return smoke_test.run(
        base_url=session.base_url,
        key=session.keys[target.project][0],
        target=target,
        wait_s=0.0,  # it is ready
        progress=lambda _: None,
    )


def show_results(screen: Console, reports: Sequence[Report]) -> None:
    """Print them; `ScriptError` with the diagnosis of each failure."""
    for report in reports:
        screen.print(report.table())
    if failed := [report.text() for report in reports if not report.passed]:
        raise ScriptError("\n\n".join(failed))


def show_access(screen: Console, *, session: Session, env: str, target: Target) -> None:
    """Print all that a client needs, and write the clients' files."""
    access = access_to(env, base_url=session.base_url, key=session.key)
    usage = write_all(STATE / "clients", access=access, clients=CLIENTS)
    path, body = cheapest_call(target.deployments[0])
    headers = f"-H {shlex.quote(f'Authorization: Bearer {session.key}')} -H 'Content-Type: application/json'"
    screen.print()
    for name, value in (
        ("base URL", session.base_url),
        ("key", session.key),
        *usage.items(),
        ("try it", f"curl {session.base_url}/{path} {headers} -d {shlex.quote(json.dumps(body))}"),
    ):
        screen.print(f"[bold]{name:18}[/] {escape(value)}", soft_wrap=True, highlight=False)


def follow(session: Session, screen: Console, *, kept: Path) -> None:
    """Print the gateway's log, and keep it in a file, until one of the containers ends."""
    source = session.gateway.log
    with source.open(encoding="utf-8", errors="replace") as lines, kept.open("w", encoding="utf-8") as copy:
        while True:
            text = lines.read()
            copy.write(text)
            copy.flush()
            screen.print(text, end="", markup=False, highlight=False, soft_wrap=True)
            session.check()
            time.sleep(0.3)

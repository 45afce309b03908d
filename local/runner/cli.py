"""The command line: starts the gateway, runs the smoke test, and keeps the gateway running until Ctrl-C."""

import argparse
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console
from rich.markup import escape

from local.runner.errors import RunnerError
from local.runner.image import ROOT
from local.runner.session import Session, run
from scripts import client_settings
from scripts.cli.error_handling import ScriptError
from scripts.smoke_test import Report, Target, targets_of
from scripts.smoke_test import run as run_smoke_test
from scripts.smoke_test.checks import cheapest_call

_STATE = ROOT / ".local"


def main() -> int:
    """Exit code 0, 1 for what a person can mend, 130 after Ctrl-C."""
    arguments = _arguments()
    console = Console(stderr=arguments.json)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
    try:
        _run(arguments, console)
    except (RunnerError, ScriptError) as error:
        Console(stderr=True).print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(arguments: argparse.Namespace, console: Console) -> None:
    with console.status("Starting") as status:

        def progress(step: str) -> None:
            if console.is_terminal:
                status.update(step)
            else:
                console.print(step)

        with run(
            stack=_stacks() / f"aigateway-{arguments.env}/cdk.tf.json",
            port=arguments.port,
            upstreams=dict(arguments.upstream),
            azure=arguments.azure,
            secrets=_STATE / "secrets.json",
            progress=progress,
        ) as session:
            progress("Testing every endpoint")
            targets = targets_of(arguments.env)
            reports = [_test(session, target) for target in targets]
            written = _write_client_settings(session, env=arguments.env)
            status.stop()
            _print_tests(console, reports)
            _print_access(console, session=session, target=targets[0], written=written)
            if arguments.json:
                _print_json(session, targets[0])
            if not arguments.once:
                console.print("\nThe log of the gateway follows. Ctrl-C stops everything.")
                _follow(session, console)


def _stacks() -> Path:
    """Where `main.py` has written them."""
    return ROOT / os.environ.get("CDKTF_OUTDIR", "cdktf.out") / "stacks"


def _test(session: Session, target: Target) -> Report:
    return run_smoke_test(
        base_url=session.base_url,
        key=session.keys[target.project][0],
        target=target,
        wait_s=0.0,  # it is ready
        progress=lambda _: None,
    )


def _print_tests(console: Console, reports: Sequence[Report]) -> None:
    for report in reports:
        console.print(report.table())
    if failed := [report.text() for report in reports if not report.passed]:
        raise RunnerError("\n\n".join(failed))


def _write_client_settings(session: Session, *, env: str) -> tuple[Path, Path]:
    models = client_settings.models_of(env)
    return client_settings.write_all(_STATE / "clients", base_url=session.base_url, key=session.key, models=models)


def _print_access(console: Console, *, session: Session, target: Target, written: tuple[Path, Path]) -> None:
    """All that a client needs."""
    roo, qoder = written
    path, body = cheapest_call(target.deployments[0])
    headers = f"-H {shlex.quote(f'Authorization: Bearer {session.key}')} -H 'Content-Type: application/json'"
    console.print()
    for name, value in (
        ("base URL", session.base_url),
        ("key", session.key),
        ("Roo Code", f"Settings > Import > {roo}"),
        ("Qoder", str(qoder)),
        ("try it", f"curl {session.base_url}/{path} {headers} -d {shlex.quote(json.dumps(body))}"),
    ):
        console.print(f"[bold]{name:9}[/] {escape(value)}", soft_wrap=True, highlight=False)


def _print_json(session: Session, target: Target) -> None:
    models = [deployment.model.name for deployment in target.deployments]
    sys.stdout.write(json.dumps({"base_url": session.base_url, "key": session.key, "models": models}) + "\n")
    sys.stdout.flush()


def _follow(session: Session, console: Console) -> None:
    with session.gateway.log.open(encoding="utf-8", errors="replace") as log:
        while True:
            console.print(log.read(), end="", markup=False, highlight=False, soft_wrap=True)
            session.check()
            time.sleep(0.3)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/up.py", description="A working gateway on this machine.")
    parser.add_argument("--env", default="dev", metavar="NAME", help="the environment to run (default: dev)")
    parser.add_argument(
        "--port", type=_port, default=4000, metavar="N", help="0 to 65535, 0: a free one (default: 4000)"
    )
    parser.add_argument("--azure", action="store_true", help="the Azure OpenAI of the settings, not an emulator")
    parser.add_argument(
        "--upstream", type=_upstream, action="append", default=[], metavar="NAME=URL", help="another address"
    )
    parser.add_argument("--once", action="store_true", help="start, test every endpoint, print, stop")
    parser.add_argument("--json", action="store_true", help="when ready, one JSON line on stdout")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; use 0 to 65535")
    return int(text)


def _upstream(text: str) -> tuple[str, str]:
    name, separator, address = text.partition("=")
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL("")
    is_origin = url.scheme in {"http", "https"} and url.host and str(url).rstrip("/") == f"{url.scheme}://{_host(url)}"
    if not (name and separator and is_origin):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=URL, with an http(s) URL that ends with its host")
    return name, address.rstrip("/")


def _host(url: httpx.URL) -> str:
    return url.netloc.decode("ascii")

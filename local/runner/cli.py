"""The command line: starts a session, proves that it answers, and keeps it until Ctrl-C."""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console

from local.runner.checks import Check, call_endpoints
from local.runner.errors import RunnerError
from local.runner.image import ROOT
from local.runner.report import json_line, print_report
from local.runner.session import Session, run

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
    except RunnerError as error:
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
            progress("Calling every endpoint")
            checks = list(call_endpoints(session))
            _write_clients(session, env=arguments.env)
            status.stop()
            _tell(session, checks, console=console, as_json=arguments.json)
            if not arguments.once:
                console.print("\nThe log of the gateway follows. Ctrl-C stops everything.")
                _follow(session, console)


def _stacks() -> Path:
    """Where `main.py` has written them."""
    return ROOT / os.environ.get("CDKTF_OUTDIR", "cdktf.out") / "stacks"


def _tell(session: Session, checks: list[Check], *, console: Console, as_json: bool) -> None:
    print_report(console, session=session, checks=checks, clients=_STATE / "clients")
    if as_json:
        sys.stdout.write(json_line(session) + "\n")
        sys.stdout.flush()


def _write_clients(session: Session, *, env: str) -> None:
    command = [sys.executable, str(ROOT / "scripts/client_settings.py"), "--base-url", session.base_url]
    written = subprocess.run(
        [*command, "--env", env, "--output", str(_STATE / "clients")],
        env={**os.environ, "GATEWAY_KEY": session.key},
        capture_output=True,
        text=True,
        check=False,
    )
    if written.returncode:
        raise RunnerError(f"The settings for the clients could not be written:\n{written.stderr.strip()}")


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
    parser.add_argument("--once", action="store_true", help="start, call every endpoint, print, stop")
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

"""What the person at the terminal reads."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local.runner.checks import ENDPOINTS, Check, body_for
from local.runner.session import Session


def print_report(console: Console, *, session: Session, checks: Sequence[Check], clients: Path) -> None:
    """Print what answered, and everything it takes to use it."""
    table = Table("endpoint", "model", "ms", "answer", box=None, header_style="bold")
    for check in checks:
        table.add_row(f"/v1/{check.endpoint}", check.model, f"{check.ms:.0f}", escape(_short(check.answer)))
    console.print(table)
    console.print()
    for name, value in (
        ("base URL", session.base_url),
        ("key", session.key),
        ("Roo Code", f"Settings > Import > {clients / 'roo-settings.json'}"),
        ("Qoder", str(clients / "qoder-settings.json")),
        ("try it", _curl(session)),
    ):
        console.print(f"[bold]{name:9}[/] {escape(value)}", soft_wrap=True, highlight=False)


def json_line(session: Session) -> str:
    """The same for a program, in one line."""
    models = [model["name"] for model in _usable(session)]
    return json.dumps({"base_url": session.base_url, "key": session.key, "models": models})


def _curl(session: Session) -> str:
    model = _usable(session)[0]
    endpoint = ENDPOINTS[model["kind"]][0]
    body = json.dumps(body_for(endpoint, model=model["name"]))
    headers = f"-H {shlex.quote(f'Authorization: Bearer {session.key}')} -H 'Content-Type: application/json'"
    return f"curl {session.base_url}/{endpoint} {headers} -d {shlex.quote(body)}"


def _usable(session: Session) -> list[Mapping[str, Any]]:
    """The models that go with the key of the report."""
    return [model for model in session.models if session.key in session.keys_for(model["name"])]


def _short(text: str, length: int = 48) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"

"""What the gateway's log has, from the code that writes it: fields of the lines of requests, and of each event."""

import ast
import asyncio
import contextlib
import io
import json
from collections.abc import Iterator
from functools import cache

from gateway.runtime.access_log import log_request
from gateway.runtime.context import Attempt, RequestContext, Tokens
from tests.gateway.whole.stacks import ROOT


@cache
def request_fields() -> frozenset[str]:
    """The paths of a request's fields: `ms`, `tokens.input`, `attempts[].status`."""
    context = RequestContext(request_id="r", route="responses", started=0.0, deadline=1.0)
    context.tokens, context.attempts = Tokens(), [Attempt(region="first", reason="status")]

    async def log() -> None:
        log_request(context)

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        asyncio.run(log())
    return frozenset(_paths(json.loads(printed.getvalue())))


def _paths(value: object, of: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, field in value.items():
            path = f"{of}.{name}" if of else name
            yield path
            yield from _paths(field, path)
    if isinstance(value, list):
        for element in value:
            yield from _paths(element, f"{of}[]")


@cache
def event_fields() -> dict[str, frozenset[str]]:
    """By event, the names that its module uses as keys: some parts of a line are put together elsewhere in it."""
    events: dict[str, frozenset[str]] = {}
    for file in (ROOT / "gateway").rglob("*.py"):
        literals = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Dict)]
        items = [item for literal in literals for item in zip(literal.keys, literal.values, strict=True)]
        named = [(key.value, value) for key, value in items if isinstance(key, ast.Constant)]
        names = {value.value for key, value in named if key == "event" and isinstance(value, ast.Constant)}
        events.update({str(name): frozenset(str(key) for key, _ in named) for name in names})
    return events


@cache
def runtime_texts() -> frozenset[str]:
    """All texts in the gateway's code: the codes of errors are among them."""
    trees = [ast.parse(file.read_text("utf-8")) for file in (ROOT / "gateway/runtime").rglob("*.py")]
    constants = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return frozenset(text for text in constants if isinstance(text, str))

"""The checks: what is asked, and who judges the answer. Those that cost nothing come first."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.smoke_test.answers import Judge, chats, embeds, lists, responds
from scripts.smoke_test.exchange import Request
from scripts.smoke_test.expected_refusals import INVENTED, OPEN, refuses
from scripts.smoke_test.offer import Offer, Served
from scripts.smoke_test.streams import streams

_INPUT = {"input": "Say hello."}
_MESSAGES = {"messages": [{"role": "user", "content": "Say hello."}]}
_UNAUTHORIZED = refuses(status=401, code="invalid_api_key", otherwise=OPEN)
MODELS = "models"


@dataclass(frozen=True, kw_only=True)
class Check:
    """`refusal`: that the answer must be one."""

    name: str
    request: Request
    judge: Judge
    served: Served | None = None
    refusal: bool = False
    needs_key: bool = True


def checks_of(offer: Offer, *, key: str) -> tuple[Check, ...]:
    """All that the project's clients rely on."""
    first = offer.served[0]
    path, body = _question(first)
    unknown = f"no-such-model-{secrets.token_hex(4)}"
    names = [served.model.name for served in offer.served]
    return (
        Check(name=MODELS, request=Request(path="models", key=key), judge=lists(names)),
        Check(
            name="no key",
            request=Request(path=path, key=None, body=body),
            judge=_UNAUTHORIZED,
            refusal=True,
            needs_key=False,
        ),
        Check(
            name="wrong key",
            request=Request(path=path, key=f"wrong-{secrets.token_urlsafe(24)}", body=body),
            judge=_UNAUTHORIZED,
            refusal=True,
            needs_key=False,
        ),
        Check(
            name="unknown model",
            request=Request(path=path, key=key, body={**body, "model": unknown}),
            judge=refuses(status=404, code="model_not_found", otherwise=INVENTED),
            refusal=True,
        ),
        *(check for served in offer.served for check in _of_model(served, key=key)),
    )


def _question(served: Served) -> tuple[str, Mapping[str, Any]]:
    """What the model answers at the least cost."""
    paths = {"responses": "responses", "chat": "chat/completions", "embeddings": "embeddings"}
    said = _MESSAGES if served.model.kind == "chat" else _INPUT
    return paths[served.model.kind], {"model": served.model.name, **said}


def _of_model(served: Served, *, key: str) -> tuple[Check, ...]:
    path, body = _question(served)

    def check(name: str, judge: Judge, *, path: str = path, body: Mapping[str, Any] = body) -> Check:
        return Check(name=name, request=Request(path=path, key=key, body=body), judge=judge, served=served)

    if served.model.kind == "embeddings":
        return (check("embeddings", embeds(served)),)
    if served.model.kind == "chat":
        return (check("chat completions", chats(served)),)
    chat = {"model": served.model.name, **_MESSAGES}
    return (
        check("responses", responds(served)),
        check("responses, streamed", streams(served), body={**body, "stream": True}),
        check("chat completions", chats(served), path="chat/completions", body=chat),
    )

"""The checks: what is sent, and what the answer must be. A new check goes into `checks_of`; free ones come first."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.smoke_test.assertions import (
    Assertion,
    is_chat_completion,
    is_embedding,
    is_refusal,
    is_response,
    is_response_stream,
    lists_models,
)
from scripts.smoke_test.http import Request
from scripts.smoke_test.target import Deployment, Target

MODELS = "models"
_INPUT = {"input": "Say hello."}
_MESSAGES = {"messages": [{"role": "user", "content": "Say hello."}]}


@dataclass(frozen=True, kw_only=True)
class Check:
    """`deployment`: whose answer it is. `is_refusal`: the answer must be an error."""

    name: str
    request: Request
    assertion: Assertion
    deployment: Deployment | None = None
    is_refusal: bool = False
    needs_key: bool = True

    @property
    def model(self) -> str:
        """Whose answer it is; empty if no model's."""
        return self.deployment.model.name if self.deployment else ""


def checks_of(target: Target, *, key: str) -> tuple[Check, ...]:
    """All that the project's clients rely on."""
    path, body = cheapest_call(target.deployments[0])
    unauthorized = is_refusal(status=401, code="invalid_api_key", if_answered="no-authentication")
    unknown = is_refusal(status=404, code="model_not_found", if_answered="unknown-model-answered")
    wrong_key, wrong_model = f"wrong-{secrets.token_urlsafe(24)}", f"no-such-model-{secrets.token_hex(4)}"
    return (
        Check(
            name=MODELS,
            request=Request(path="models", key=key),
            assertion=lists_models(deployment.model.name for deployment in target.deployments),
        ),
        Check(
            name="no key",
            request=Request(path=path, key=None, body=body),
            assertion=unauthorized,
            is_refusal=True,
            needs_key=False,
        ),
        Check(
            name="wrong key",
            request=Request(path=path, key=wrong_key, body=body),
            assertion=unauthorized,
            is_refusal=True,
            needs_key=False,
        ),
        Check(
            name="unknown model",
            request=Request(path=path, key=key, body={**body, "model": wrong_model}),
            assertion=unknown,
            is_refusal=True,
        ),
        *(check for deployment in target.deployments for check in _of_deployment(deployment, key=key)),
    )


def cheapest_call(deployment: Deployment) -> tuple[str, Mapping[str, Any]]:
    """Path and body of what the model answers at the least cost."""
    paths = {"responses": "responses", "chat": "chat/completions", "embeddings": "embeddings"}
    question = _MESSAGES if deployment.model.kind == "chat" else _INPUT
    return paths[deployment.model.kind], {"model": deployment.model.name, **question}


def _of_deployment(deployment: Deployment, *, key: str) -> tuple[Check, ...]:
    path, body = cheapest_call(deployment)

    def check(name: str, assertion: Assertion, *, path: str = path, body: Mapping[str, Any] = body) -> Check:
        request = Request(path=path, key=key, body=body)
        return Check(name=name, request=request, assertion=assertion, deployment=deployment)

    if deployment.model.kind == "embeddings":
        return (check("embeddings", is_embedding(deployment)),)
    if deployment.model.kind == "chat":
        return (check("chat completions", is_chat_completion(deployment)),)
    chat = {"model": deployment.model.name, **_MESSAGES}
    return (
        check("responses", is_response(deployment)),
        check("responses, streamed", is_response_stream(deployment), body={**body, "stream": True}),
        check("chat completions", is_chat_completion(deployment), path="chat/completions", body=chat),
    )

"""One real call of every endpoint."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from local.runner.errors import RunnerError
from local.runner.session import Session

_ANSWER_S = 240.0  # a cold model may think that long
ENDPOINTS = {
    "responses": ("responses", "chat/completions"),
    "chat": ("chat/completions",),
    "embeddings": ("embeddings",),
}
"""What a model of each kind answers."""
_QUESTIONS: Mapping[str, Mapping[str, Any]] = {
    "responses": {"input": "Say hello."},
    "chat/completions": {"messages": [{"role": "user", "content": "Say hello."}]},
    "embeddings": {"input": "Hello"},
}


@dataclass(frozen=True, kw_only=True)
class Check:
    """An endpoint that answered, how long it took in milliseconds, and what it said in short."""

    endpoint: str
    model: str
    ms: float
    answer: str


def call_endpoints(session: Session) -> Iterator[Check]:
    """Call the list of models, then each model on every API that it answers.

    Raises:
        RunnerError: an endpoint did not answer as it should; the message holds its answer.
    """
    with httpx.Client(timeout=_ANSWER_S, trust_env=False) as client:
        yield _check(client, session, "models", key=session.key)
        for model in session.models:
            for key in session.keys_for(model["name"])[:1]:
                for endpoint in ENDPOINTS[model["kind"]]:
                    yield _check(client, session, endpoint, key=key, model=model)


def body_for(endpoint: str, *, model: str) -> dict[str, Any]:
    """A short question."""
    return {"model": model, **_QUESTIONS[endpoint]}


def _check(
    client: httpx.Client,
    session: Session,
    endpoint: str,
    *,
    key: str,
    model: Mapping[str, Any] | None = None,
) -> Check:
    url = f"{session.base_url}/{endpoint}"
    headers = {"authorization": f"Bearer {key}"}
    started = time.perf_counter()
    try:
        if model is None:
            response = client.get(url, headers=headers)
        else:
            response = client.post(url, headers=headers, json=body_for(endpoint, model=model["name"]))
    except httpx.HTTPError as broken:
        raise RunnerError(f"{url}: {type(broken).__name__} {broken}") from None
    ms = (time.perf_counter() - started) * 1000
    try:
        answer = _answer(endpoint, response, model)
    except (KeyError, IndexError, TypeError, ValueError):
        raise RunnerError(f"{url} answered {response.status_code}: {response.text[:500]}") from None
    return Check(endpoint=endpoint, model=model["name"] if model else "", ms=ms, answer=answer)


def _answer(endpoint: str, response: httpx.Response, model: Mapping[str, Any] | None) -> str:
    if not response.is_success:
        raise ValueError
    body = response.json()
    if endpoint == "models":
        return f"{len(body['data'])} models"
    if endpoint == "embeddings":
        length, expected = len(body["data"][0]["embedding"]), model["dimension"] if model else None
        if length != expected:
            raise ValueError
        return f"{length} numbers"
    if endpoint == "responses":
        (message,) = [item for item in body["output"] if item["type"] == "message"]
        return str(message["content"][0]["text"])
    return str(body["choices"][0]["message"]["content"])

"""One real call of every endpoint."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from local.runner.errors import RunnerError
from local.runner.session import Session

_ANSWER_S = 240.0  # a cold model may think that long


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
    headers = {"authorization": f"Bearer {session.key}"}
    with httpx.Client(headers=headers, timeout=_ANSWER_S, trust_env=False) as client:
        yield _check(client, session, "models", None)
        for model in session.models:
            for endpoint, body in _bodies(model).items():
                yield _check(client, session, endpoint, {"model": model["name"], **body}, model=model)


def _bodies(model: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    if model["kind"] == "embeddings":
        return {"embeddings": {"input": "Hello"}}
    return {
        "responses": {"input": "Say hello."},
        "chat/completions": {"messages": [{"role": "user", "content": "Say hello."}]},
    }


def _check(
    client: httpx.Client,
    session: Session,
    endpoint: str,
    body: Mapping[str, Any] | None,
    *,
    model: Mapping[str, Any] | None = None,
) -> Check:
    url = f"{session.base_url}/{endpoint}"
    started = time.perf_counter()
    try:
        response = client.get(url) if body is None else client.post(url, json=body)
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

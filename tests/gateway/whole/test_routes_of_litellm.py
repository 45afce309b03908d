"""Nothing that LiteLLM's own app answers is to be had through the gateway, with or without a key."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.runner.image import find_image
from local.runner.session import Session
from local.runner.stack import read_stack

from .knocking import answer_of
from .regions import Regions
from .surfaces import CODEX

# LiteLLM makes some of its routes when they are first asked for; those stand in its OpenAPI document.
_ENUMERATE = """
import json
from litellm.proxy.proxy_server import app

def walk(routes, prefix):
    for route in routes:
        path = prefix + (getattr(route, "path", None) or "")
        if included := getattr(route, "original_router", None):
            yield from walk(included.routes, prefix + route.include_context.prefix)
        elif methods := getattr(route, "methods", None):
            yield from ((method, path) for method in methods)
        else:
            yield "GET", path
            yield from walk(getattr(route, "routes", None) or [], path)

documented = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
print("ROUTES", json.dumps(sorted(documented | set(walk(app.routes, "")))))
"""
_BODY = {"model": CODEX, "input": "echo: hi"}
_CHAT = {"model": CODEX, "messages": [{"role": "user", "content": "echo: hi"}]}
Pair = tuple[str, str]

# The pairs that the gateway has, too, and what a project's key gets there with that body.
_OURS: dict[Pair, tuple[int, str | None]] = {
    ("GET", "/models"): (200, None),
    ("GET", "/v1/models"): (200, None),
    ("GET", "/models/x"): (404, "model_not_found"),
    ("GET", "/v1/models/x"): (404, "model_not_found"),
    ("POST", "/responses"): (200, None),
    ("POST", "/v1/responses"): (200, None),
    ("POST", "/responses/compact"): (200, None),
    ("POST", "/v1/responses/compact"): (200, None),
    ("POST", "/chat/completions"): (200, None),
    ("POST", "/v1/chat/completions"): (200, None),
    ("POST", "/embeddings"): (400, "unsupported_model"),
    ("POST", "/v1/embeddings"): (400, "unsupported_model"),
    ("POST", "/openai/deployments/x/chat/completions"): (404, "model_not_found"),
    ("POST", "/openai/deployments/x/embeddings"): (404, "model_not_found"),
}
_PROBES = {("GET", "/health/liveness"), ("GET", "/health/readiness")}


@pytest.fixture(scope="module")
def pairs(regions_stack: Path) -> list[Pair]:
    """Every method and path of LiteLLM's app, with something in the place of each parameter."""
    python = find_image(read_stack(regions_stack).litellm.image) / "python"
    environ = {"PATH": os.environ["PATH"], "HOME": str(regions_stack.parent), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    printed = subprocess.run(
        [python, "-c", _ENUMERATE], env=environ, check=True, capture_output=True, text=True, timeout=300
    ).stdout
    routes = json.loads(printed.rpartition("ROUTES ")[2])
    return sorted({(method, re.sub(r"\{[^}]*\}", "x", path) or "/") for method, path in routes})


@pytest.fixture(scope="module")
def http(regions: Session) -> Iterator[httpx.Client]:
    """A client that keeps its connections."""
    with httpx.Client(base_url=regions.host_url, timeout=60, trust_env=False) as client:
        yield client


def test_the_enumeration_is_of_the_whole_app(pairs: list[Pair]) -> None:
    assert len(pairs) > 800
    assert set(_OURS) | _PROBES <= set(pairs)
    assert {("POST", "/key/generate"), ("GET", "/model/info"), ("POST", "/v1/messages"), ("GET", "/ui")} <= set(pairs)


_REFUSED = (401, "invalid_api_key")


@pytest.mark.parametrize(
    ("key", "refusal"),
    [(None, _REFUSED), ("wrong", _REFUSED), ("sk-1234", _REFUSED), ("", None)],
    ids=["no key", "a wrong key", "the key of LiteLLM's examples", "a project's key"],
)
def test_each_of_them_answers_as_the_gateway_does(
    pairs: list[Pair],
    http: httpx.Client,
    world: Regions,
    key: str | None,
    refusal: tuple[int, str] | None,
) -> None:
    key = world.session.key if key == "" else key
    headers = {} if key is None else {"authorization": f"Bearer {key}", "api-key": key, "x-litellm-api-key": key}
    for method, path in pairs:
        body = _CHAT if path.endswith("/chat/completions") else _BODY
        answer = answer_of(http.request(method, path, json=body, headers=headers))
        if method == "HEAD":
            assert answer.status == 404, (method, path)
        elif (method, path) in _PROBES:
            assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"}), (method, path)
        else:
            told = _OURS.get((method, path))
            assert answer.told == ((refusal or told) if told else (404, "not_found")), (method, path)
            assert b"litellm" not in answer.body.lower()
        assert not [header for header in answer.headers if "litellm" in header]
    answered = [pair for pair, told in _OURS.items() if pair[0] == "POST" and told == (200, None)]
    assert len(world.calls()) == (0 if refusal else len(answered))

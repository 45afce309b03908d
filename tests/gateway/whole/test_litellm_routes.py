"""No route of LiteLLM's own app can be reached through the gateway, with or without a key."""

import json
import os
import re
import subprocess
from pathlib import Path

import httpx
import pytest

from local.runner.image import find_image
from local.runner.stack import read_stack

from .azure_regions import AzureRegions
from .raw_http import from_httpx
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
Route = tuple[str, str]

# Those that the gateway has, too, and what a project's key gets there with that body.
_OURS: dict[Route, tuple[int, str | None]] = {
    ("GET", "/models"): (200, None),
    ("GET", "/v1/models"): (200, None),
    ("GET", "/models/x"): (404, "model_not_found"),
    ("GET", "/v1/models/x"): (404, "model_not_found"),
    **{
        ("POST", f"{base}/responses{path}"): (200, None)
        for base in ("", "/v1", "/openai/v1")
        for path in ("", "/compact", "/input_tokens")
    },
    ("POST", "/chat/completions"): (200, None),
    ("POST", "/v1/chat/completions"): (200, None),
    ("POST", "/embeddings"): (400, "unsupported_model"),
    ("POST", "/v1/embeddings"): (400, "unsupported_model"),
    ("POST", "/openai/deployments/x/chat/completions"): (404, "model_not_found"),
    ("POST", "/openai/deployments/x/embeddings"): (404, "model_not_found"),
    **{
        (method, f"{base}/responses/resp_x{path}"): (404, None)  # in Azure's words
        for base in ("", "/v1", "/openai/v1")
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items"))
    },
}
_PROBES = {("GET", "/health/liveness"), ("GET", "/health/readiness")}
_SAMPLE: set[Route] = {
    ("POST", "/key/generate"),
    ("GET", "/key/info"),
    ("GET", "/model/info"),
    ("POST", "/model/new"),
    ("GET", "/v1/model/info"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/completions"),
    ("GET", "/v1/responses"),  # its WebSocket
    ("POST", "/engines/x/chat/completions"),
    ("GET", "/health"),
    ("GET", "/health/readiness/details"),
    ("GET", "/ui"),
    ("GET", "/"),
    ("GET", "/openapi.json"),
    ("GET", "/routes"),
    ("POST", "/config/update"),
    ("GET", "/get/config/callbacks"),
    ("POST", "/mcp"),
}
_NOT_THERE = {(404, "not_found"), (405, "method_not_allowed")}
"""405: the gateway has the path for another method, of its own."""
_REFUSED = (401, "invalid_api_key")
by_key = pytest.mark.parametrize(
    ("key", "refusal"),
    [(None, _REFUSED), ("wrong", _REFUSED), ("sk-1234", _REFUSED), ("", None)],
    ids=["no key", "a wrong key", "the key of LiteLLM's examples", "a project's key"],
)


@pytest.fixture(scope="module")
def routes(regions_stack: Path) -> set[Route]:
    """Every method and path of LiteLLM's app, with `x` for each parameter, and an id that could be a response's."""
    python = find_image(read_stack(regions_stack).litellm.image) / "python"
    environ = {"PATH": os.environ["PATH"], "HOME": str(regions_stack.parent), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    printed = subprocess.run(
        [python, "-c", _ENUMERATE], env=environ, check=True, capture_output=True, text=True, timeout=300
    ).stdout
    routes = json.loads(printed.rpartition("ROUTES ")[2])
    with_id = [(method, path.replace("{response_id}", "resp_x")) for method, path in routes]
    return {(method, re.sub(r"\{[^}]*\}", "x", path) or "/") for method, path in with_id}


def _assert_not_litellms(
    routes: set[Route], http: httpx.Client, azure: AzureRegions, key: str | None, refusal: tuple[int, str] | None
) -> None:
    key = azure.session.key if key == "" else key
    headers = {} if key is None else {"authorization": f"Bearer {key}", "api-key": key, "x-litellm-api-key": key}
    for method, path in sorted(routes):
        body = _CHAT if path.endswith("/chat/completions") else _BODY
        response = from_httpx(http.request(method, path, json=body, headers=headers))
        if method == "HEAD":
            assert response.status in {status for status, _ in _NOT_THERE}, (method, path)
        elif (method, path) in _PROBES:
            assert (response.status, json.loads(response.body)["status"]) == (200, "ok"), (method, path)
        else:
            expected = _OURS.get((method, path))
            answers = {refusal or expected} if expected else _NOT_THERE
            assert response.status_and_code in answers, (method, path)
            assert method not in response.headers.get("allow", "").split(", ")
            assert b"litellm" not in response.body.lower()
        assert not [header for header in response.headers if "litellm" in header]
    answered = [route for route, expected in _OURS.items() if route[0] == "POST" and expected == (200, None)]
    received = [request for request in azure.requests() if request["method"] == "POST"]
    assert len(received) == (0 if refusal else len(answered))


@pytest.mark.litellm
@by_key
def test_litellms_routes_cannot_be_reached(
    http: httpx.Client, azure: AzureRegions, key: str | None, refusal: tuple[int, str] | None
) -> None:
    _assert_not_litellms(_SAMPLE | set(_OURS) | _PROBES, http, azure, key, refusal)


@pytest.mark.full
@pytest.mark.litellm
@by_key
def test_not_one_of_all(
    routes: set[Route], http: httpx.Client, azure: AzureRegions, key: str | None, refusal: tuple[int, str] | None
) -> None:
    _assert_not_litellms(routes, http, azure, key, refusal)


@pytest.mark.full
@pytest.mark.litellm
def test_the_list_of_routes_is_complete(routes: set[Route]) -> None:
    assert len(routes) > 800
    assert set(_OURS) | _PROBES <= routes
    assert routes >= _SAMPLE

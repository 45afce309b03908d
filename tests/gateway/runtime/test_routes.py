"""Which paths are routes."""

import pytest

from gateway.runtime.context import Surface
from gateway.runtime.routes import Route, find_route

RESPONSES = Route("responses", Surface.RESPONSES)
COMPACT = Route("responses/compact", Surface.COMPACT)
CHAT = Route("chat/completions", Surface.CHAT)
EMBEDDINGS = Route("embeddings", Surface.EMBEDDINGS)


@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize("route", [RESPONSES, COMPACT, CHAT, EMBEDDINGS])
def test_openais_routes_are_there_with_and_without_v1(prefix: str, route: Route) -> None:
    assert find_route("POST", f"{prefix}/{route.name}") == route


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_so_are_the_models(prefix: str) -> None:
    assert find_route("GET", f"{prefix}/models") == Route("models")
    assert find_route("GET", f"{prefix}/models/gpt-5.3-codex") == Route("models/{id}", model="gpt-5.3-codex")


def test_roos_second_attempt_is_answered_like_the_first() -> None:
    assert find_route("POST", "/v1/v1/responses") == RESPONSES


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/openai/responses", Route("openai/responses", Surface.RESPONSES, is_azure=True)),
        ("/openai/responses/compact", Route("openai/responses/compact", Surface.COMPACT, is_azure=True)),
        (
            "/openai/deployments/gpt-4o-mini/chat/completions",
            Route("openai/chat/completions", Surface.CHAT, is_azure=True, deployment="gpt-4o-mini"),
        ),
        (
            "/openai/deployments/my_own.1/embeddings",
            Route("openai/embeddings", Surface.EMBEDDINGS, is_azure=True, deployment="my_own.1"),
        ),
    ],
)
def test_azures_forms_name_a_deployment(path: str, route: Route) -> None:
    assert find_route("POST", path) == route


KNOWN = [
    ("POST", "/v1/responses"),
    ("POST", "/responses/compact"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/openai/responses"),
    ("POST", "/openai/deployments/x/embeddings"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/gpt-4o-mini"),
]
SPELLINGS = {
    "a slash at the end": "{}/",
    "two slashes at the beginning": "/{}",
    "a parameter": "{};x",
    "a query": "{}?x",
    "a fragment": "{}#x",
    "a blank": "{} ",
    "a line end": "{}\n",
    "an encoded blank": "{}%20",
    "an encoded zero": "{}%00",
    "a dot": "/.{}",
    "an encoded dot": "/%2e{}",
    "a way up": "/x/..{}",
    "a host": "http://x{}",
    "a prefix": "/litellm{}",
    "a version of azure's": "/openai/v1{}",
    "nothing before it": "x{}",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_other_spellings_do_not_lead_there(spelling: str) -> None:
    for method, path in KNOWN:
        assert find_route(method, spelling.format(path)) is None, path


@pytest.mark.parametrize(("method", "path"), KNOWN)
def test_other_cases_and_encodings_do_not_lead_there(method: str, path: str) -> None:
    assert find_route(method, path.upper()) is None
    assert find_route(method, path.replace("/", "//")) is None
    assert find_route(method, path.replace("/", "/./")) is None
    assert find_route(method, path.replace("/", "%2f")) is None
    assert find_route(method, path.replace("/", "\\")) is None
    assert find_route(method, path.replace("e", "%65")) is None


@pytest.mark.parametrize(
    "other", ["GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE", "post"]
)
def test_other_methods_do_not_lead_there(other: str) -> None:
    for method, path in KNOWN:
        assert (find_route(other, path) is None) == (other != method), path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "*",
        "/v1",
        "/v1/v1/embeddings",
        "/v1/completions",
        "/v1/models/a/b",
        "/v1/models/azure%2Fgpt",
        "/v1/models/*",
        "/openai/deployments",
        "/openai/deployments//embeddings",
        "/openai/deployments/a%2Fb/embeddings",
        "/openai/deployments/a/b/embeddings",
        "/openai/deployments/x/responses",
        "/openai/deployments/x/completions",
        "/openai/models",
        "/metrics",
        "/health",
        "/docs",
    ],
)
def test_unknown_paths_lead_nowhere(path: str) -> None:
    assert find_route("GET", path) is None
    assert find_route("POST", path) is None

"""Which paths are routes."""

import pytest

from gateway.runtime.context import StoredOperation, Surface
from gateway.runtime.routes import Route, allowed_methods, find_route

RESPONSES = Route("responses", Surface.RESPONSES)
COMPACT = Route("responses/compact", Surface.COMPACT)
INPUT_TOKENS = Route("responses/input_tokens", Surface.INPUT_TOKENS)
CHAT = Route("chat/completions", Surface.CHAT)
EMBEDDINGS = Route("embeddings", Surface.EMBEDDINGS)
ROUTES = [RESPONSES, COMPACT, INPUT_TOKENS, CHAT, EMBEDDINGS]
STORED = [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")]


@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize("route", ROUTES)
def test_openais_routes_are_there_with_and_without_v1(prefix: str, route: Route) -> None:
    assert find_route("POST", f"{prefix}/{route.name}") == route


@pytest.mark.parametrize("route", ROUTES)
def test_azures_v1_form_has_them_too(route: Route) -> None:
    found = find_route("POST", f"/openai/v1/{route.name}")
    assert found == Route(f"openai/v1/{route.name}", route.surface, is_azure=True)


@pytest.mark.parametrize(
    ("prefix", "name"), [("", ""), ("/v1", ""), ("/openai", "openai/"), ("/openai/v1", "openai/v1/")]
)
def test_so_are_the_models_and_stored_responses(prefix: str, name: str) -> None:
    is_azure = bool(name)
    assert find_route("GET", f"{prefix}/models") == Route(f"{name}models", is_azure=is_azure)
    assert find_route("GET", f"{prefix}/models/gpt-5.3-codex") == Route(
        f"{name}models/{{id}}", is_azure=is_azure, model="gpt-5.3-codex"
    )
    for method, path in STORED:
        assert find_route(method, f"{prefix}/responses/resp_1{path}") == Route(
            f"{name}responses/{{id}}{path}", is_azure=is_azure, operation=StoredOperation(method, "resp_1", path)
        )


def test_roos_second_attempt_is_answered_like_the_first() -> None:
    assert find_route("POST", "/v1/v1/responses") == RESPONSES
    assert find_route("POST", "/openai/v1/v1/responses") is None


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
    ("POST", "/openai/v1/embeddings"),
    ("POST", "/openai/deployments/x/embeddings"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/gpt-4o-mini"),
    ("GET", "/v1/responses/resp_1"),
    ("DELETE", "/v1/responses/resp_1"),
    ("POST", "/v1/responses/resp_1/cancel"),
]


@pytest.mark.parametrize(("method", "path"), KNOWN)
def test_empty_segments_do_not_count(method: str, path: str) -> None:
    route = find_route(method, path)
    assert route is not None
    for spelling in (f"{path}/", f"/{path}", path.replace("/", "//"), f"//{path.replace('/', '///')}//"):
        assert find_route(method, spelling) == route


SPELLINGS = {
    "a parameter": "{};x",
    "a query": "{}?x",
    "a fragment": "{}#x",
    "a blank": "{} ",
    "a line end": "{}\n",
    "an encoded slash": "{}%2f",
    "an encoded blank": "{}%20",
    "an encoded zero": "{}%00",
    "a dot": "/.{}",
    "an encoded dot": "/%2e{}",
    "a way up": "/x/..{}",
    "a host": "http://x{}",
    "a prefix": "/litellm{}",
    "nothing before it": "x{}",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_other_spellings_do_not_lead_there(spelling: str) -> None:
    for method, path in KNOWN:
        assert find_route(method, spelling.format(path)) is None, path


@pytest.mark.parametrize(("method", "path"), KNOWN)
def test_other_cases_and_encodings_do_not_lead_there(method: str, path: str) -> None:
    assert find_route(method, path.upper()) is None
    assert find_route(method, path[1:]) is None
    assert find_route(method, path.replace("/", "/./")) is None
    assert find_route(method, path.replace("/", "%2f")) is None
    assert find_route(method, path.replace("/", "\\")) is None
    assert find_route(method, path.replace("e", "%65")) is None


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/responses", {"POST"}),
        ("/v1/models", {"GET", "HEAD"}),
        ("/v1/responses/resp_1", {"GET", "HEAD", "DELETE"}),
        ("/v1/responses/resp_1/cancel", {"POST"}),
        ("/v1/responses/resp_1/input_items", {"GET", "HEAD"}),
        ("/v1/responses/compact", {"POST"}),
        ("/openai/deployments/x/embeddings", {"POST"}),
        ("/v1/nothing", set()),
        ("v1/models", set()),
    ],
)
def test_only_a_routes_own_methods_lead_there(path: str, methods: set[str]) -> None:
    assert set(allowed_methods(path)) == methods
    for method in ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE", "post"):
        assert (find_route(method, path) is not None) == (method in methods), method


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
        "/v1/responses/x",
        "/v1/responses/resp_%2e%2e",
        "/v1/responses/resp_1/..",
        "/v1/responses/resp_1/x",
        "/v1/responses/resp_1/cancel/x",
        f"/v1/responses/resp_{'x' * 250}",
        "/v1/chat/completions/x",
        "/openai/chat/completions",
        "/openai/embeddings",
        "/openai/deployments",
        "/openai/deployments//embeddings",
        "/openai/deployments/a%2Fb/embeddings",
        "/openai/deployments/a/b/embeddings",
        "/openai/deployments/x/responses",
        "/openai/deployments/x/completions",
        "/openai/v1/deployments/x/embeddings",
        "/v1/openai/responses",
        "/metrics",
        "/health",
        "/docs",
    ],
)
def test_unknown_paths_lead_nowhere(path: str) -> None:
    assert allowed_methods(path) == ()

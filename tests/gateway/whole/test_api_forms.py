"""The forms in which clients call the gateway: base URLs, Azure's own paths, the SDK's models, errors and headers."""

import json
import ssl
from collections.abc import Iterator

import httpx
import openai
import pytest

from local.runner.session import Session

from .azure_regions import AzureRegions, EmulatorControl
from .conftest import Client
from .surfaces import (
    ALL_SURFACES,
    AZURE_BODIES,
    BODIES,
    CHAT,
    CODEX,
    DIMENSION,
    EMBEDDING,
    HI,
    Surface,
    by_surface,
)

_VERSIONS = {CODEX: "2025-04-01-preview", CHAT: "2024-10-21", EMBEDDING: "2023-05-15"}


@pytest.fixture(scope="module")
def azure_sdk(regions: Session) -> Iterator[openai.AzureOpenAI]:
    """The SDK as a user of Azure configures it, with some API version."""
    transport = openai.DefaultHttpxClient(trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    with openai.AzureOpenAI(
        azure_endpoint=regions.host_url,
        api_key=regions.key,
        api_version="2023-12-31",
        max_retries=0,
        http_client=transport,
    ) as client:
        yield client


@pytest.mark.litellm
def test_the_base_url_may_end_with_v1_or_not(http: httpx.Client, azure: AzureRegions) -> None:
    for prefix in ("", "/v1"):
        for path, body in BODIES.items():
            response = http.post(f"{prefix}/{path}", json=body, headers={"x-gateway-key": azure.session.key})
            assert response.status_code == 200, path
            assert azure.requests()[-1]["query"] == {"api-version": _VERSIONS[body["model"]]}
    assert len(azure.requests()) == 2 * len(BODIES)


@pytest.mark.litellm
def test_azures_paths_take_azures_header_and_the_api_version_of_the_settings(
    http: httpx.Client, azure: AzureRegions
) -> None:
    for path, body in AZURE_BODIES.items():
        url = f"/openai/{path}?api-version=2099-01-01&x=y"
        assert http.post(url, json=body, headers={"api-key": azure.session.key}).status_code == 200, path
        model = path.split("/")[1] if path.startswith("deployments") else CODEX
        assert azure.requests()[-1]["query"] == {"api-version": _VERSIONS[model]}
    assert len(azure.requests()) == len(AZURE_BODIES)


@pytest.mark.litellm
def test_azures_sdk_is_a_client_like_any_other(azure_sdk: openai.AzureOpenAI, azure: AzureRegions) -> None:
    assert azure_sdk.responses.create(model=CODEX, input="echo: hi").output_text.strip() == "hi"
    for model in (CODEX, CHAT):
        answer = azure_sdk.chat.completions.create(model=model, messages=HI)
        assert (answer.choices[0].message.content or "").strip() == "hi"
    assert len(azure_sdk.embeddings.create(model=EMBEDDING, input="hi").data[0].embedding) == DIMENSION
    assert len(azure.requests()) == 4


def test_roos_second_attempt_gets_the_first_ones_status(http_with_key: httpx.Client) -> None:
    assert http_with_key.post("/v1/v1/responses", json=BODIES["responses"]).status_code == 200
    refused = BODIES["responses"] | {"temperature": 0.5}
    first, second = (http_with_key.post(path, json=refused) for path in ("/v1/responses", "/v1/v1/responses"))
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert second.status_code == 400


def test_models_are_listed_and_described(client: Client, azure: AzureRegions) -> None:
    models = [model["name"] for model in azure.session.models]
    assert {CODEX, EMBEDDING, CHAT} <= set(models)
    assert [model.id for model in client.sdk.models.list()] == models
    assert client.sdk.models.retrieve(CHAT).id == CHAT
    with pytest.raises(openai.NotFoundError):
        client.sdk.models.retrieve("gpt-9")


def test_the_sdk_raises_its_own_exceptions(client: Client) -> None:
    with pytest.raises(openai.AuthenticationError):
        client.sdk.with_options(api_key="wrong").models.list()
    with pytest.raises(openai.NotFoundError):
        client.sdk.responses.create(model="gpt-9", input="hi")
    with pytest.raises(openai.BadRequestError, match="Use /v1/embeddings"):
        client.sdk.responses.create(model=EMBEDDING, input="hi")
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.sdk.responses.create(model=CODEX, input="hi", temperature=0.5)
    with pytest.raises(openai.BadRequestError, match="messages"):
        client.sdk.chat.completions.create(model=CODEX, messages=[])
    with pytest.raises(openai.APIStatusError) as large:
        client.sdk.responses.create(model=CODEX, input="x" * 40_000_000)
    assert (large.value.status_code, large.value.code) == (413, "request_too_large")


_TO_CLIENTS = {"server", "date", "content-type", "content-length", "transfer-encoding", "x-request-id"}
_TO_AZURE = {
    *("host", "accept", "accept-encoding", "user-agent", "content-type", "content-length"),
    *("api-key", "x-ms-client-request-id"),
}


@by_surface(*ALL_SURFACES)
def test_headers_of_neither_side_pass(http: httpx.Client, azure: AzureRegions, surface: Surface) -> None:
    headers = {
        "authorization": f"Bearer {azure.session.key}",
        "user-agent": "canary",
        "cookie": "canary",
        "x-canary": "canary",
        "traceparent": "00-canary-01",
        "openai-organization": "canary",
        "x-ms-client-request-id": "canary",
        "x-request-id": "the clients own",
        "x-gateway-request": "canary",
        "x-litellm-tags": "canary",
        "x-litellm-timeout": "0.001",
        "x-litellm-num-retries": "5",
        "x-stainless-raw-response": "true",
    }
    response = http.post(f"/v1/{surface.route}", json=surface.body(), headers=headers)
    assert response.status_code == 200
    assert {name for name in response.headers if not name.startswith("retry-after")} <= _TO_CLIENTS
    assert response.headers["server"] == "gateway"
    (request,) = azure.requests()
    sent = {name.lower(): value for name, value in request["headers"].items()}
    assert set(sent) <= _TO_AZURE
    assert "canary" not in json.dumps(sent)
    assert sent["x-ms-client-request-id"] == response.headers["x-request-id"]
    assert sent["api-key"] != azure.session.key


@pytest.mark.litellm
def test_fields_that_are_dropped_for_litellm_are_counted_in_the_log(
    http_with_key: httpx.Client, azure: AzureRegions, first: EmulatorControl
) -> None:
    body = BODIES["chat/completions"] | {"temperature": 0, "tags": ["c"], "thinking": None}
    response = http_with_key.post("/v1/chat/completions", json=body)
    line = azure.log.line(response.headers["x-request-id"])
    assert (line["status"], line["dropped_fields"], line["project"]) == (200, 3, "team")
    assert len(first.requests()) == 1

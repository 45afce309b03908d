"""Bodies by which somebody might make LiteLLM do something else: fields, tools, names of models, ids of responses."""

from typing import Any

import httpx
import pytest

from tests.gateway.runtime.litellm_parameters import LITELLM_PARAMETERS

from .azure_regions import AzureRegions
from .raw_http import HttpResponse, from_httpx
from .surfaces import (
    ALL_SURFACES,
    CHAT,
    CODEX,
    CODEX_CHAT,
    EMBEDDING,
    HI,
    TRANSLATED,
    TRANSLATED_CHAT,
    TRANSLATED_CODEX,
    Surface,
    by_surface,
)

pytestmark = pytest.mark.litellm

by_body = by_surface(CODEX_CHAT, *(surface for surface in TRANSLATED if not surface.streamed))
"""The surfaces of LiteLLM; a stream is asked for by the same bodies."""


def _post(http: httpx.Client, path: str, body: object) -> HttpResponse:
    return from_httpx(http.post(path, json=body))


def _call_to_azure(http: httpx.Client, azure: AzureRegions, surface: Surface, fields: dict[str, Any]) -> dict[str, Any]:
    """What Azure receives for a body with these fields."""
    for region in azure.regions.values():
        region.clear()
    assert _post(http, f"/v1/{surface.route}", surface.body("echo: hi") | fields).status == 200, fields
    (request,) = azure.requests()
    return {name: request[name] for name in ("region", "path", "query", "body")}


@by_body
def test_no_field_of_a_body_reaches_litellm(http_with_key: httpx.Client, azure: AzureRegions, surface: Surface) -> None:
    expected = _call_to_azure(http_with_key, azure, surface, {})
    assert _call_to_azure(http_with_key, azure, surface, LITELLM_PARAMETERS) == expected


@pytest.mark.full
@by_body
def test_nor_does_one_alone(http_with_key: httpx.Client, azure: AzureRegions, surface: Surface) -> None:
    """Together, one field could hide what another does."""
    expected = _call_to_azure(http_with_key, azure, surface, {})
    for name, value in LITELLM_PARAMETERS.items():
        assert _call_to_azure(http_with_key, azure, surface, {name: value}) == expected, name


@by_surface(CODEX_CHAT, *(surface for surface in TRANSLATED if surface.route != "embeddings" and not surface.streamed))
def test_litellm_does_not_read_the_metadata_that_azure_gets(
    http_with_key: httpx.Client, azure: AzureRegions, surface: Surface
) -> None:
    metadata = {"tags": "attack", "guardrails": "attack", "model_group": "attack"}
    expected = _call_to_azure(http_with_key, azure, surface, {"metadata": {}})
    received = _call_to_azure(http_with_key, azure, surface, {"metadata": metadata})
    expected["body"]["metadata"] = expected["body"].get("metadata", {}) | metadata
    assert received == expected


_INSIDE: dict[str, list[Any]] = {
    "messages": [
        {"cache_control": {"type": "ephemeral"}},
        {"provider_specific_fields": {"attack": 1}},
        {"thinking_blocks": [{"type": "thinking", "thinking": "attack", "signature": "attack"}]},
        {"reasoning_items": [{"id": "attack", "encrypted_content": "attack"}]},
        {"reasoning_content": "attack"},
    ],
    "tools": [
        {"cache_control": {"type": "ephemeral"}},
        {"server_url": "litellm_proxy", "server_label": "attack"},
        {"defer_loading": True, "allowed_callers": ["attack"], "input_examples": [{}]},
    ],
}


@pytest.mark.parametrize("model", [CODEX, TRANSLATED_CHAT])
def test_nor_does_a_field_within_a_message_or_tool(
    http_with_key: httpx.Client, azure: AzureRegions, model: str
) -> None:
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "assistant", "content": "x"}, *HI],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    }
    bodies = [body] + [
        body | {part: [{**inner, **extra} for inner in body[part]]}
        for part, extras in _INSIDE.items()
        for extra in extras
    ]
    for attack in bodies:
        assert _post(http_with_key, "/v1/chat/completions", attack).status == 200, attack
    expected, *attacked = [request["body"] for request in azure.requests()]
    assert attacked == [expected] * (len(bodies) - 1)


@pytest.mark.parametrize("kind", ["mcp", "web_search", "file_search", "code_interpreter", "image_generation", "x", ""])
def test_tools_that_litellm_would_run_itself_are_refused(
    http_with_key: httpx.Client, azure: AzureRegions, kind: str
) -> None:
    tool = {"type": kind, "server_label": "x", "server_url": "litellm_proxy", "vector_store_ids": ["x"]}
    for path, body in (
        ("/v1/chat/completions", {"model": CODEX, "messages": HI}),
        ("/v1/responses", {"model": TRANSLATED_CODEX, "input": "hi"}),
    ):
        response = _post(http_with_key, path, body | {"tools": [tool]})
        assert response.status_and_code == (400, "invalid_type")
    assert azure.requests() == []


@pytest.mark.parametrize(
    "name",
    ["azure/{}", "openai/{}", "responses/{}", "azure/*", "*", "{}*", "{} ", " {}", "{}\0", "../{}", "", "gpt-4", "all"],
)
def test_no_other_name_finds_a_model(http_with_key: httpx.Client, azure: AzureRegions, name: str) -> None:
    for surface in ALL_SURFACES:
        body = surface.body() | {"model": name.format(surface.model)}
        response = _post(http_with_key, f"/v1/{surface.route}", body)
        assert response.status_and_code == (404, "model_not_found"), surface.name
    assert azure.requests() == []


def test_an_id_of_litellms_form_leads_to_no_other_model(http_with_key: httpx.Client, azure: AzureRegions) -> None:
    """LiteLLM's ids of responses name a deployment; the gateway's inner side insists on the request's own model."""
    body = {"model": TRANSLATED_CODEX, "input": "echo: hi"}
    response_id = http_with_key.post("/v1/responses", json=body).json()["id"]
    before = len(azure.requests())
    for model in (TRANSLATED_CHAT, CHAT, EMBEDDING):
        body = {"model": model, "input": "echo: hi", "previous_response_id": response_id}
        assert _post(http_with_key, "/v1/responses", body).status_and_code == (400, "unsupported_model")
    assert len(azure.requests()) == before

"""The URLs and bodies that Azure gets, in its dated form and in its v1 form."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from gateway.runtime.configuration import Configuration

from ..builders import CHAT, CODEX, EMBEDDING, build_upstream, in_v1_form
from ..conftest import BEARER, Client, FakeUpstream, json_answer, listening, open_gateway

pytestmark = pytest.mark.anyio
HI = [{"role": "user", "content": "hi"}]
BODIES: dict[str, dict[str, Any]] = {
    "/v1/responses": {"model": CODEX, "input": "hi", "store": False},
    "/v1/responses/compact": {"model": CODEX, "input": "hi"},
    "/v1/responses/input_tokens": {"model": CODEX, "input": "hi"},
    "/v1/chat/completions": {"model": CHAT, "messages": HI},
    "/v1/embeddings": {"model": EMBEDDING, "input": "hi"},
}


@pytest.fixture
async def v1(configuration: Configuration, azure: FakeUpstream) -> AsyncIterator[Client]:
    """A client of a gateway whose models are called in the v1 form."""
    azure.answers(json_answer())
    async with listening(azure) as (url,):
        models = {
            name: replace(model, upstreams=(build_upstream("first", url),))
            for name, model in in_v1_form(configuration.models).items()
        }
        async with open_gateway(replace(configuration, models=models)) as client:
            yield client


@pytest.mark.parametrize("path", BODIES)
async def test_the_v1_form_has_no_date_and_the_deployment_in_the_body(
    v1: Client, azure: FakeUpstream, path: str
) -> None:
    body = BODIES[path]
    assert (await v1.post(f"{path}?api-version=2099-01-01", json=body, headers=BEARER)).status == 200
    (request,) = azure.requests
    assert request.path_qs == f"/openai{path}"
    assert await request.json() == body | {"model": f"our-{body['model']}"}


@pytest.mark.parametrize("body", [{"messages": HI}, {"messages": HI, "model": "something else"}])
async def test_it_does_so_for_a_client_that_names_it_in_the_path(
    v1: Client, azure: FakeUpstream, body: dict[str, Any]
) -> None:
    path = f"/openai/deployments/our-{CHAT}/chat/completions?api-version=2024-10-21"
    assert (await v1.post(path, json=body, headers=BEARER)).status == 200
    (request,) = azure.requests
    assert (request.path_qs, await request.json()) == (
        "/openai/v1/chat/completions",
        {"messages": HI, "model": f"our-{CHAT}"},
    )


async def test_so_are_stored_responses(v1: Client, azure: FakeUpstream) -> None:
    await v1.get("/v1/responses/resp_1", headers=BEARER)
    (request,) = azure.requests
    assert (request.method, request.path_qs) == ("GET", "/openai/v1/responses/resp_1")

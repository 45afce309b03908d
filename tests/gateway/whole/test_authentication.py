"""Keys: what a project's key opens, and that nothing else does."""

from typing import Any

import httpx
import pytest

from local.runner.session import Session

from .azure_regions import AzureRegions
from .conftest import Client
from .raw_http import from_httpx
from .surfaces import AZURE_BODIES, BODIES, CODEX, HI


def test_both_keys_of_every_project_are_accepted(http: httpx.Client, azure: AzureRegions) -> None:
    models = [model["name"] for model in azure.session.models]
    for project, keys in azure.session.keys.items():
        for key in keys:
            for headers in ({"authorization": f"Bearer {key}"}, {"x-gateway-key": key}):
                response = http.get("/v1/models", headers=headers)
                assert [model["id"] for model in response.json()["data"]] == models, project
    assert len({key for keys in azure.session.keys.values() for key in keys}) == 2 * len(azure.session.projects)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer sk-wrong"},
        {"authorization": ""},
        {"authorization": b"Bearer \xff\xfe\xe9"},
        {"authorization": "Bearer " + "x" * 8000},
        {"x-gateway-key": "wrong"},
        {"api-key": "wrong"},
        {"x-litellm-api-key": "Bearer sk-1234", "cookie": "token=x"},
    ],
    ids=str,
)
def test_without_a_valid_key_it_is_401(http: httpx.Client, azure: AzureRegions, headers: dict[str, Any]) -> None:
    paths = [f"/v1/{path}" for path in BODIES] + [f"/openai/{path}" for path in AZURE_BODIES]
    for path in paths:
        response = from_httpx(http.post(path, content=b"not even JSON", headers=headers))
        assert response.status_and_code == (401, "invalid_api_key"), path
    assert from_httpx(http.get("/v1/models", headers=headers)).status_and_code == (401, "invalid_api_key")
    assert azure.requests() == []


@pytest.mark.litellm
def test_the_inner_key_is_not_accepted_from_outside(http: httpx.Client, client: Client, azure: AzureRegions) -> None:
    client.sdk.chat.completions.create(model=CODEX, messages=HI)
    before = len(azure.requests())
    inner = azure.session.inner_key
    assert _litellm_accepts(azure.session, inner)
    for request_id in ({}, {"x-gateway-request": "made-up"}, {"x-gateway-request": client.ids[-1]}):
        for key in ({"authorization": f"Bearer {inner}"}, {"x-gateway-key": inner}, {"api-key": inner}):
            for path in [*(f"/v1/{path}" for path in BODIES), *(f"/openai/{path}" for path in AZURE_BODIES)]:
                response = http.post(path, json=BODIES["responses"], headers=request_id | key)
                assert from_httpx(response).status == 401
            assert from_httpx(http.get("/v1/models", headers=request_id | key)).status == 401
    assert len(azure.requests()) == before


def _litellm_accepts(session: Session, key: str) -> bool:
    url = f"{session.litellm_url}/v1/models"
    return httpx.get(url, headers={"authorization": f"Bearer {key}"}, timeout=60).status_code == 200


@pytest.mark.litellm
@pytest.mark.parametrize("with_key", [False, True])
def test_litellm_accepts_the_inner_key_alone(azure: AzureRegions, with_key: bool) -> None:  # noqa: FBT001
    headers = {"authorization": f"Bearer {azure.session.key}"} if with_key else {}
    # A client of its own: after a refusal LiteLLM may drop a connection that others would use again.
    url = f"{azure.session.litellm_url}/v1/chat/completions"
    response = httpx.post(url, json=BODIES["chat/completions"], headers=headers, timeout=60)
    assert response.status_code >= 400
    assert azure.requests() == []

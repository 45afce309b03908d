"""Each part of a chat on a Responses model reaches Azure or is refused; what is dropped is counted."""

import json
from typing import Any

import httpx
import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

from .azure_regions import AzureRegions
from .chat_parameters import (
    DROPPED,
    REFUSED,
    ROWS,
    WITHOUT_EFFECT,
    ChatParameters,
    Outcome,
    Row,
    outcome_of,
    refusal_of,
)
from .surfaces import CODEX, UNKNOWN_TO_LITELLM

pytestmark = pytest.mark.litellm


def _ask(http: httpx.Client, azure: AzureRegions, fields: dict[str, Any]) -> tuple[httpx.Response, dict[str, Any]]:
    """Return the answer, and the body that Azure received."""
    response = http.post("/v1/chat/completions", json=fields)
    requests = azure.requests()
    azure.clear()
    if response.status_code != 200:
        return response, {}
    (request,) = requests
    received = {name: value for name, value in request["body"].items() if name != "model"}
    if "metadata" not in fields:
        received.pop("metadata", None)  # the mark of a stored response
    return response, received


@pytest.fixture(scope="module")
def received_without() -> dict[str, dict[str, Any]]:
    """What Azure received for requests without the field of a row, which many rows share."""
    return {}


def _observe(
    http: httpx.Client, azure: AzureRegions, row: Row, model: str, received_without: dict[str, dict[str, Any]]
) -> Outcome:
    base = {"model": model, **row.base}
    if (without := received_without.get(json.dumps(base))) is None:
        _, without = _ask(http, azure, base)
        received_without[json.dumps(base)] = without
    response, received = _ask(http, azure, {"model": model, **row.base, **row.fields})
    if response.status_code == 400:
        return refusal_of(response.json()["error"])
    assert response.status_code == 200, response.text
    line = azure.log.line(response.headers["x-request-id"])
    if row.fields == {"stream_options": {"include_usage": True}} and '"usage"' in response.text:
        received = received | {"the answer": "ends with usage"}
    return outcome_of(row, received=received, without=without, dropped=line["dropped_fields"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_becomes_of_it_is_documented(
    http_with_key: httpx.Client,
    azure: AzureRegions,
    chat_parameters: ChatParameters,
    received_without: dict[str, dict[str, Any]],
    row: Row,
) -> None:
    outcome = _observe(http_with_key, azure, row, CODEX, received_without)
    assert outcome.outcome != DROPPED
    if outcome.outcome == REFUSED:
        assert row.name.strip("`") in outcome.detail or "messages[" in outcome.detail
    chat_parameters.check(row, outcome)
    assert _observe(http_with_key, azure, row, UNKNOWN_TO_LITELLM, received_without) == outcome


def test_what_is_dropped_silently_is_called_so() -> None:
    user, named = Row("`user`", {"user": "u"}), {"role": "user", "name": "Ada", "content": "hi"}
    message, received = Row("`name`", {"messages": [named]}), {"input": [{"role": "user", "content": "hi"}]}
    for row in (user, message):
        assert outcome_of(row, received=received, without=received, dropped=0).outcome == DROPPED
        assert outcome_of(row, received=received, without=received, dropped=1).outcome == WITHOUT_EFFECT


def test_the_table_has_every_parameter_of_openai() -> None:
    known = set(CompletionCreateParamsNonStreaming.__annotations__) - {"model", "messages"}
    assert known <= {row.name.strip("`") for row in ROWS}


def test_of_each_row_there_is_one() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)

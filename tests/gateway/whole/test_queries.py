"""The queries of the log, on the lines of a real gateway."""

from datetime import UTC, datetime

import httpx
import openai
import pytest

from queries import query_names, read_query
from tests.queries.workspace import Rows, Workspace

from .azure_regions import AzureRegions, EmulatorControl
from .conftest import Client
from .surfaces import CHAT, CODEX, EMBEDDING, HI

pytestmark = pytest.mark.litellm


def test_the_queries_answer_what_has_happened(
    client: Client, azure: AzureRegions, first: EmulatorControl, http: httpx.Client
) -> None:
    client.ids.clear()
    before = len(azure.log.update().events)
    first.fail("429", count=1)
    response = client.sdk.responses.create(model=CODEX, input="echo: hi")
    chat = client.sdk.chat.completions.create(model=CODEX, messages=HI)
    with client.sdk.chat.completions.create(model=CHAT, messages=HI, stream=True) as stream:
        assert list(stream)
    client.sdk.embeddings.create(model=EMBEDDING, input="hi")
    limited = client.sdk.with_options(api_key=azure.session.keys["queries"][1])
    limited.responses.create(model=CODEX, input="count to 2000")
    with pytest.raises(openai.RateLimitError):
        limited.responses.create(model=CODEX, input="echo: hi")
    with pytest.raises(openai.BadRequestError):
        client.sdk.embeddings.create(model=CODEX, input="hi")
    # An address of its own: of one that other tests have used, only a number would be logged.
    refused = http.get("/v1/models", headers={"x-forwarded-for": "203.0.113.86"})
    assert refused.status_code == 401
    lines = [*azure.log.lines_of([*client.ids, refused.headers["x-request-id"]]), *azure.log.events[before:]]

    workspace = Workspace()
    for line in lines:
        workspace.log_line(line)
    answers = {name: _run(workspace, name) for name in query_names()}

    traffic = {(row["route"], row["model"]): row["requests"] for row in answers["traffic"]}
    # Without a token left a request is refused before its body is read.
    assert (traffic["responses", CODEX], traffic["responses", ""]) == (2, 1)
    assert sum(traffic.values()) == 8
    failover = {row["region"]: row for row in answers["failover"]}
    assert [failover["first"][name] for name in ("rate_limited", "answered_elsewhere", "lost")] == [1, 1, 0]
    assert failover["second"]["attempts"] >= 1
    assert sum(row["attempts"] for row in failover.values()) == len(azure.requests())
    (opened,) = answers["circuit_breakers"]
    assert (opened["region"], opened["model"], opened["openings"]) == ("first", CODEX, 1)
    used = {(row["model"], row["stream"], row["project_name"]): row for row in answers["tokens"]}
    assert response.usage
    assert chat.usage
    codex = used[CODEX, False, "team"]
    assert codex["input"] == response.usage.input_tokens + chat.usage.prompt_tokens
    assert codex["output"] == response.usage.output_tokens + chat.usage.completion_tokens
    assert answers["alert_tokens_per_day"][0]["tokens_per_day"] == sum(row["total"] for row in used.values())
    assert [(row["project_name"], row["reached"]) for row in answers["project_limits"]] == [
        ("queries", "tokens_per_minute")
    ]
    assert {row["class"]: row["requests"] for row in answers["errors"]} == {
        "rate limit": 1,
        "no valid key": 1,
        "invalid request": 1,
    }
    assert {row["refused_by"]: row["refusals"] for row in answers["rate_limits"]} == {
        "Azure, in one region": 1,
        "gateway, limit of the project": 1,
    }
    (translated,) = answers["translation"]
    assert (translated["requests"], translated["max_places"]) == (1, 1)
    assert 0 < translated["p50_litellm_percent"] < 100
    assert {(row["project_name"], row["key"]): row["requests"] for row in answers["keys_in_use"]} == {
        ("team", "primary"): 5,
        ("queries", "secondary"): 2,
    }
    assert [row["requests"] for row in answers["refused_requests"]] == [1]
    assert [(row["requests"], row["failed"]) for row in answers["availability"]] == [(7, 0)]
    assert answers["alert_upstream_failures"] == [{"upstream_failures": 1}]


def _run(workspace: Workspace, name: str) -> Rows:
    return workspace.run(read_query(name).text, now=datetime.now(UTC).replace(tzinfo=None))

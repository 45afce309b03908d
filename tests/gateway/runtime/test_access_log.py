"""The log: one line per request, one per event, without content."""

import asyncio
import json
from typing import Any

import pytest

from gateway.runtime.access_log import log_event, log_request
from gateway.runtime.context import Attempt, RequestContext, Tokens

from .builders import CODEX
from .conftest import AZURE_KEY, BEARER, GATEWAY_KEY, INNER_KEY, Client, FakeUpstream, json_answer, stream_answer

pytestmark = pytest.mark.anyio

Output = pytest.CaptureFixture[str]


def only_line(output: Output) -> dict[str, Any]:
    """What was written is one line."""
    (line,) = output.readouterr().out.splitlines(keepends=True)
    assert line.endswith("\n")
    fields: dict[str, Any] = json.loads(line)
    return fields


async def test_a_line_has_all_that_the_context_has(capsys: Output) -> None:
    context = RequestContext(request_id="r1", route="chat/completions", started=0.0, deadline=10.0)
    context.project, context.model, context.stream, context.status = "team", CODEX, True, 200
    context.first_byte, context.client_request_id = 0.0123456, "task-1"
    context.tokens = Tokens(input=10, output=4, cached=3, reasoning=2)
    context.inner.merged_events = 3
    context.key, context.deployment, context.translations = "secondary", "our-codex", 5
    context.region, context.queued_ms, context.litellm_ms, context.dropped_fields = "second", 0.04, 9.87654, 2
    context.attempts += [
        Attempt(region="first", status=503, reason="status", ms=1.0),
        Attempt(region="second", status=200, ms=2.0),
    ]
    await asyncio.sleep(1.5)
    log_request(context)
    line = only_line(capsys)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "request_id": "r1",
        "client_request_id": "task-1",
        "client_address": None,
        "project": "team",
        "key": "secondary",
        "route": "chat/completions",
        "model": CODEX,
        "deployment": "our-codex",
        "stream": True,
        "status": 200,
        "ms": 1500.0,
        "first_byte_ms": 12.3,
        "tokens": {"input": 10, "output": 4, "cached": 3, "reasoning": 2, "estimated": False},
        "region": "second",
        "attempts": [
            {"upstream": "first", "status": 503, "reason": "status", "ms": 1.0},
            {"upstream": "second", "status": 200, "ms": 2.0},
        ],
        "queued_ms": 0.0,
        "translations": 5,
        "litellm_ms": 9.9,
        "merged_events": 3,
        "dropped_fields": 2,
        "error": None,
    }


async def test_what_is_not_known_is_null(capsys: Output) -> None:
    log_request(RequestContext(request_id="r1", route="unknown", started=0.0, deadline=10.0))
    line = only_line(capsys)
    unknown = {name for name, value in line.items() if value is None}
    assert unknown == {
        "client_request_id",
        "client_address",
        "project",
        "key",
        "model",
        "deployment",
        "first_byte_ms",
        "tokens",
        "region",
        "translations",
        "litellm_ms",
        "error",
    }


async def test_an_event_is_a_line_of_its_own(capsys: Output) -> None:
    log_event({"event": "breaker_opened", "region": "first"})
    line = only_line(capsys)
    assert line.pop("time")
    assert line == {"event": "breaker_opened", "region": "first"}


async def test_a_line_is_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr("sys.stdout.write", written.append)
    log_event({"event": "one\nline"})
    assert len(written) == 1
    assert written[0].count("\n") == 1


async def test_a_line_reports_attempts_and_times(client: Client, azure: FakeUpstream, capsys: Output) -> None:
    usage = {"input_tokens": 3, "output_tokens": 1}
    azure.answers(json_answer(503), json_answer(body={"usage": usage}))
    response = await client.post("/v1/responses", json={"model": CODEX, "input": "hi"}, headers=BEARER)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if "request_id" in line]
    assert line["request_id"] == response.headers["x-request-id"]
    assert (line["route"], line["model"], line["stream"], line["status"]) == ("responses", CODEX, False, 200)
    assert (line["project"], line["key"], line["region"]) == ("default", "primary", "first")
    assert (line["deployment"], line["translations"]) == (CODEX, None)
    assert line["tokens"] == {"input": 3, "output": 1, "cached": 0, "reasoning": 0, "estimated": False}
    assert [(made["upstream"], made["status"]) for made in line["attempts"]] == [("first", 503), ("first", 200)]
    assert line["ms"] >= line["first_byte_ms"] >= sum(made["ms"] for made in line["attempts"])
    assert line["error"] is None


async def test_unknown_routes_are_logged_without_their_path(client: Client, capsys: Output) -> None:
    await client.get("/secret-in-a-path")
    line = json.loads(capsys.readouterr().out)
    assert (line["route"], line["status"], line["error"]) == ("unknown", 404, "not_found")


async def test_no_prompt_no_answer_and_no_key_is_ever_written(
    client: Client, azure: FakeUpstream, capsys: Output
) -> None:
    canary = "canary-7f3a"
    body = {"model": CODEX, "input": canary, "instructions": canary, "tools": [{"name": canary}]}
    event = f'data: {{"type":"response.output_text.delta","delta":"{canary}"}}\n\n'
    for script in (
        [json_answer(body={"output": canary})],
        [json_answer(400, {"error": {"message": canary}})],
        [json_answer(500, {"error": {"message": canary}})],
        [stream_answer(event)],
    ):
        azure.answers(*script)
        for path in ("/v1/responses", "/v1/embeddings", f"/{canary}"):
            await (await client.post(path, json=body | {"stream": True}, headers=BEARER)).read()
            await (await client.post(path, data=canary, headers=BEARER)).read()
            await (await client.post(path, json=body | {"model": canary}, headers={"x-gateway-key": canary})).read()
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert (
        sum("request_id" in line for line in lines) == 24 + 1
    )  # of requests without a valid key, only the first has a line
    for secret in (canary, GATEWAY_KEY, INNER_KEY, AZURE_KEY):
        assert secret not in captured.out + captured.err

"""The log: one line per request, without content."""

import json

import pytest

from .conftest import AZURE_KEY, BEARER, CODEX, GATEWAY_KEY, INNER_KEY, Client, Scripted, json_answer, stream_answer

pytestmark = pytest.mark.anyio


async def test_a_line_tells_what_happened(client: Client, azure: Scripted, capsys: pytest.CaptureFixture[str]) -> None:
    azure.answers(json_answer(503), json_answer())
    response = await client.post("/v1/responses", json={"model": CODEX, "input": "hi"}, headers=BEARER)
    line = json.loads(capsys.readouterr().out)
    assert line["request_id"] == response.headers["x-request-id"]
    assert (line["route"], line["model"], line["stream"], line["status"]) == ("responses", CODEX, False, 200)
    assert [(made["status"], made.get("reason")) for made in line["attempts"]] == [(503, "status"), (200, None)]
    assert line["ms"] >= line["first_byte_ms"] >= sum(made["ms"] for made in line["attempts"])
    assert line["error"] is None


async def test_probes_leave_no_line_and_unknown_routes_no_path(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.get("/health/readiness")
    await client.get("/secret-in-a-path")
    line = json.loads(capsys.readouterr().out)
    assert (line["route"], line["status"], line["error"]) == ("unknown", 404, "not_found")


async def test_no_prompt_no_answer_and_no_key_is_ever_written(
    client: Client, azure: Scripted, capsys: pytest.CaptureFixture[str]
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
    assert len(captured.out.splitlines()) == 36
    for secret in (canary, GATEWAY_KEY, INNER_KEY, AZURE_KEY):
        assert secret not in captured.out + captured.err

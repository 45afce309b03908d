"""Calls of Azure: passed on byte for byte, and retried in the only region while that can help."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.runtime.configuration import Configuration
from gateway.runtime.context import now

from ..builders import CODEX, EMBEDDING
from ..conftest import (
    AZURE_KEY,
    BEARER,
    Client,
    FakeUpstream,
    Script,
    abort,
    delayed,
    hang,
    json_answer,
    open_gateway,
    open_gateway_for,
    read_request_line,
    stream_answer,
    text_answer,
)

pytestmark = pytest.mark.anyio
RESPONSE = {"model": CODEX, "input": "hi"}
STREAMED = RESPONSE | {"stream": True}
CREATED = 'event: response.created\ndata: {"type":"response.created","sequence_number":0}\n\n'
DELTA = 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":4}\n\n'
COMPLETED = 'event: response.completed\ndata: {"type":"response.completed","sequence_number":5}\n\n'


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_azure_gets_the_bytes_of_the_client_and_the_client_those_of_azure(
    client: Client, azure: FakeUpstream, prefix: str
) -> None:
    answer = '{"id": "resp_1",   "unknown": null, "é": 1.50}'
    azure.answers(text_answer(answer))
    body = '{"model": "gpt-5.3-codex",  "input": "é", "store": false, "new_field": null}'.encode()
    headers = BEARER | {"content-type": "application/json"}
    response = await client.post(f"{prefix}/responses?api-version=evil", data=body, headers=headers)
    assert await response.text() == answer
    (request,) = azure.requests
    assert request.path_qs == "/openai/responses?api-version=2025-04-01-preview"
    assert azure.bodies == [body]


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_embeddings_go_to_their_deployment(client: Client, azure: FakeUpstream, prefix: str) -> None:
    azure.answers(json_answer(body={"data": []}))
    response = await client.post(f"{prefix}/embeddings", json={"model": EMBEDDING, "input": "x"}, headers=BEARER)
    assert await response.json() == {"data": []}
    assert azure.requests[0].path_qs == f"/openai/deployments/{EMBEDDING}/embeddings?api-version=2023-05-15"


async def test_no_header_of_the_client_travels_on_and_azures_rate_limits_do_not_come_back(
    client: Client, azure: FakeUpstream
) -> None:
    azure.answers(json_answer(x_ms_region="Sweden Central", x_ratelimit_remaining_tokens="7"))
    sent = BEARER | {"x-forwarded-for": "1.2.3.4", "openai-organization": "o", "cookie": "a=b", "x-api-key": "evil"}
    response = await client.post("/v1/responses", json=RESPONSE, headers=sent)
    assert {name.lower() for name in azure.requests[0].headers} == {
        "host",
        "api-key",
        "content-type",
        "accept-encoding",
        "accept",
        "user-agent",
        "content-length",
        "x-ms-client-request-id",
    }
    assert azure.requests[0].headers["api-key"] == AZURE_KEY
    assert {name.lower() for name in response.headers} == {
        "content-type",
        "content-length",
        "date",
        "server",
        "x-request-id",
    }
    assert response.headers["server"] == "gateway"


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_refusal_of_azure_reaches_the_client_as_it_is_and_is_not_repeated(
    client: Client, azure: FakeUpstream, status: int
) -> None:
    refusal = {"error": {"code": "DeploymentNotFound", "message": "m"}}
    azure.answers(json_answer(status, refusal))
    response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert (response.status, await response.json()) == (status, refusal)
    assert len(azure.requests) == 1


async def test_a_refusal_without_json_becomes_an_openai_error(client: Client, azure: FakeUpstream) -> None:
    azure.answers(text_answer("<html>no</html>", status=404, content_type="text/html"))
    response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert response.status == 404
    assert "404" in (await response.json())["error"]["message"]


async def test_a_response_that_failed_because_of_the_request_is_passed_on(client: Client, azure: FakeUpstream) -> None:
    body = {"id": "1", "status": "failed", "error": {"code": "invalid_prompt", "message": "m"}}
    azure.answers(json_answer(body=body))
    response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert (response.status, await response.json(), len(azure.requests)) == (200, body, 1)


RETRYABLE = {
    **{f"status {status}": json_answer(status) for status in (408, 429, 500, 502, 503, 504, 529)},
    "closed": abort,
    "hang": hang,
    "malformed": text_answer('{"id": '),
    "deep": text_answer("[" * 100_000),
    "no object": text_answer("[]"),
    "error": text_answer('{"error": {"code": "500", "message": "m"}}'),
    "failed": text_answer('{"id": "1", "status": "failed", "error": {"code": "server_error", "message": "m"}}'),
    "redirected": json_answer(307, Location="http://127.0.0.1:9/"),
    "wrong content type": text_answer('{"id": "1"}', content_type="text/html"),
}
RETRYABLE_STREAMED = {
    **RETRYABLE,
    "cut before the first event": stream_answer(CREATED, None),
    "ended before the first event": stream_answer(CREATED),
    "nothing": stream_answer(),
    "the end only": stream_answer("data: [DONE]\n\n"),
    "keep-alive only": stream_answer(': hello\n\ndata: {"type":"keepalive"}\n\n'),
    "silent before the first event": stream_answer(CREATED, 3.0),
    "malformed event": stream_answer("data: {\n\n"),
    "error event": stream_answer(CREATED, 'event: error\ndata: {"type":"error","code":"server_error"}\n\n'),
    "rate limited event": stream_answer(
        'data: {"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded"}}}\n\n'
    ),
}


@pytest.mark.parametrize("failing", RETRYABLE.values(), ids=RETRYABLE)
@pytest.mark.parametrize("path", ["/v1/responses", "/v1/embeddings"])
async def test_a_retryable_failure_is_invisible_to_the_client(
    client: Client, azure: FakeUpstream, failing: Script, path: str
) -> None:
    azure.answers(failing, json_answer(body={"id": "2nd"}))
    model = CODEX if path == "/v1/responses" else EMBEDDING
    response = await client.post(path, json={"model": model, "input": "hi"}, headers=BEARER)
    assert (response.status, await response.json()) == (200, {"id": "2nd"})
    assert len(azure.requests) == 2


@pytest.mark.parametrize("failing", RETRYABLE_STREAMED.values(), ids=RETRYABLE_STREAMED)
async def test_so_it_is_in_a_stream_before_its_first_content(
    client: Client, azure: FakeUpstream, failing: Script
) -> None:
    azure.answers(failing, stream_answer(CREATED, DELTA, COMPLETED))
    response = await client.post("/v1/responses", json=STREAMED, headers=BEARER)
    assert response.content_type == "text/event-stream"
    assert await response.text() == CREATED + DELTA + COMPLETED
    assert len(azure.requests) == 2


@pytest.mark.parametrize(
    ("failing", "status", "type", "code"),
    [
        (json_answer(429, retry_after="0"), 429, "rate_limit_error", "rate_limit_exceeded"),
        (json_answer(500), 503, "server_error", "upstream_unavailable"),
        (abort, 503, "server_error", "upstream_unavailable"),
        (hang, 503, "server_error", "upstream_unavailable"),
    ],
)
async def test_attempts_are_bounded_and_end_in_an_openai_error(
    client: Client,
    azure: FakeUpstream,
    failing: Script,
    status: int,
    type: str,  # noqa: A002
    code: str,
) -> None:
    azure.answers(failing)
    response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    body = await response.json()
    assert (response.status, body["error"]["type"], body["error"]["code"]) == (status, type, code)
    assert len(azure.requests) == 3


async def test_a_429_with_a_long_retry_after_is_passed_on_at_once(client: Client, azure: FakeUpstream) -> None:
    azure.answers(json_answer(429, Retry_After="30"))
    response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert (response.status, response.headers["retry-after"]) == (429, "30")
    assert len(azure.requests) == 1


async def test_a_short_retry_after_is_waited_for(client: Client, azure: FakeUpstream) -> None:
    azure.answers(json_answer(429, retry_after_ms="200", Retry_After="1"), json_answer())
    response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert response.status == 200
    assert 0.2 <= now() <= 0.25  # the milliseconds, and the jitter


@pytest.fixture
async def client_of_late_headers(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream
) -> AsyncIterator[Client]:
    """A client whose gateway waits 0.1 s for headers, and longer for everything else."""
    timeouts = configuration.timeouts.model_copy(update={"headers_s": 0.1})
    async with open_gateway_for(replace(configuration, timeouts=timeouts), [azure], litellm) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("/v1/responses", STREAMED, stream_answer(DELTA, COMPLETED)),
        ("/v1/embeddings", {"model": EMBEDDING, "input": "hi"}, json_answer()),
    ],
)
async def test_late_headers_of_a_stream_or_of_embeddings_end_the_attempt(
    client_of_late_headers: Client,
    azure: FakeUpstream,
    path: str,
    body: object,
    answer: Script,
    capsys: pytest.CaptureFixture[str],
) -> None:
    azure.answers(delayed(0.11, answer), delayed(0.09, answer))
    response = await client_of_late_headers.post(path, json=body, headers=BEARER)
    await response.read()
    assert response.status == 200
    assert [(made["status"], made["ms"]) for made in read_request_line(capsys)["attempts"]] == [
        (504, pytest.approx(100, abs=5)),
        (200, pytest.approx(90, abs=5)),
    ]


@pytest.mark.parametrize(
    ("body", "answer"),
    [(RESPONSE, delayed(0.4, json_answer())), (STREAMED, stream_answer(CREATED, 0.4, DELTA, COMPLETED))],
    ids=["a whole answer", "a stream after its headers"],
)
async def test_nothing_else_has_to_be_as_early_as_headers(
    client_of_late_headers: Client, azure: FakeUpstream, body: object, answer: Script
) -> None:
    azure.answers(answer)
    response = await client_of_late_headers.post("/v1/responses", json=body, headers=BEARER)
    await response.read()
    assert (response.status, len(azure.requests)) == (200, 1)


async def test_litellms_headers_may_take_as_long_as_its_inner_call(
    client_of_late_headers: Client, litellm: FakeUpstream
) -> None:
    chunk = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
    litellm.answers(json_answer(), delayed(0.4, stream_answer(chunk)))
    body = {"model": CODEX, "messages": [{"role": "user", "content": "hi"}], "stream": True}
    response = await client_of_late_headers.post("/v1/chat/completions", json=body, headers=BEARER)
    assert await response.text() == chunk


async def test_no_attempt_begins_after_the_requests_time(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream
) -> None:
    short = replace(configuration, timeouts=configuration.timeouts.model_copy(update={"total_s": 0.8}))
    azure.answers(hang)
    async with open_gateway_for(short, [azure], litellm) as client:
        response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert response.status == 503
    assert now() == pytest.approx(0.8)
    assert len(azure.requests) == 2


async def test_a_pause_that_still_runs_is_not_waited_for_twice(client: Client, azure: FakeUpstream) -> None:
    azure.answers(json_answer(429, Retry_After="30"), json_answer())
    for _ in range(2):
        response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
        assert response.status in (200, 429)
    assert [len(azure.requests), response.status] == [2, 200]  # the second waited for what max_open_s leaves of it


async def test_an_upstream_that_refuses_connections_is_a_503(
    configuration: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_gateway(configuration) as client:
        response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert response.status == 503
    line = read_request_line(capsys)
    assert [(made["upstream"], made["reason"]) for made in line["attempts"]] == [("first", "ClientConnectorError")] * 3
    assert line["error"] == "upstream_unavailable"

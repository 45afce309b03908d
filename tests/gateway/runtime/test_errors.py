"""The `openai` SDK understands the gateway's errors."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest
from aiohttp import web
from openai.types.chat import ChatCompletion

from gateway.runtime.context import Response, Surface
from gateway.runtime.errors import (
    azure_error,
    conversation_unavailable,
    error_response,
    interruption_event,
    invalid_api_key,
    invalid_request,
    translation_failed,
    translation_refused,
    upstream_unavailable,
)
from gateway.runtime.retries import RetryableError

from .conftest import FakeUpstream, listening

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def sdk_for(response: web.Response) -> AsyncIterator[openai.AsyncOpenAI]:
    """The SDK in front of a server that sends this response; without loading certificates, which takes long."""

    async def script(_: web.Request) -> web.StreamResponse:
        return response

    upstream = FakeUpstream()
    upstream.answers(script)
    http = openai.DefaultAsyncHttpxClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
    async with (
        listening(upstream) as (url,),
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0, http_client=http) as client,
    ):
        yield client


async def ask(answer: Response) -> ChatCompletion:
    """What the SDK makes of this response."""
    response = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
    async with sdk_for(response) as client:
        return await client.chat.completions.create(model="m", messages=[])


@pytest.mark.parametrize(
    ("answer", "raised", "code"),
    [
        (invalid_request("No.", param="tools").response, openai.BadRequestError, "invalid_value"),
        (invalid_api_key(), openai.AuthenticationError, "invalid_api_key"),
        (error_response(404, "No.", param="model", code="model_not_found"), openai.NotFoundError, "model_not_found"),
        (error_response(408, "Late.", code="request_timeout"), openai.APIStatusError, "request_timeout"),
        (error_response(413, "Large.", code="request_too_large"), openai.APIStatusError, "request_too_large"),
        (error_response(415, "No.", code="unsupported_media_type"), openai.APIStatusError, "unsupported_media_type"),
        (
            upstream_unavailable(RetryableError(429, "status", retry_after_s=2.5)),
            openai.RateLimitError,
            "rate_limit_exceeded",
        ),
        (upstream_unavailable(RetryableError(429, "status")), openai.RateLimitError, "rate_limit_exceeded"),
        (upstream_unavailable(RetryableError(502, "reset")), openai.InternalServerError, "upstream_unavailable"),
        (
            upstream_unavailable(RetryableError(503, "status", retry_after_s=3)),
            openai.InternalServerError,
            "upstream_unavailable",
        ),
        (conversation_unavailable(1.0), openai.InternalServerError, "conversation_unavailable"),
        (azure_error(400, {"message": "No.", "code": "content_filter"}), openai.BadRequestError, "content_filter"),
        (translation_failed(RetryableError(500, "status")), openai.InternalServerError, "translation_failed"),
        (translation_refused("tools"), openai.BadRequestError, "translation_refused"),
        (
            error_response(500, "Failed.", type="server_error", code="internal_error"),
            openai.InternalServerError,
            "internal_error",
        ),
    ],
)
async def test_each_is_an_exception_of_its_own_type(answer: Response, raised: type[openai.APIError], code: str) -> None:
    with pytest.raises(raised) as seen:
        await ask(answer)
    assert isinstance(seen.value, openai.APIStatusError)
    assert seen.value.status_code == answer.status
    assert seen.value.code == code
    assert seen.value.type
    assert seen.value.message
    assert isinstance(seen.value.body, dict)
    assert set(seen.value.body) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("after_s", "seconds", "milliseconds"),
    [(0.2, "1", "200"), (1.0, "1", "1000"), (2.5, "3", "2500"), (None, None, None)],
)
async def test_how_long_to_wait_is_in_whole_seconds_and_in_milliseconds(
    after_s: float | None, seconds: str | None, milliseconds: str | None
) -> None:
    with pytest.raises(openai.InternalServerError) as seen:
        await ask(error_response(503, "Later.", retry_after_s=after_s))
    headers = seen.value.response.headers
    assert (headers.get("retry-after"), headers.get("retry-after-ms")) == (seconds, milliseconds)


async def read_events(body: bytes, surface: Surface) -> AsyncIterator[object]:
    """What the SDK makes of a stream with this text."""
    async with sdk_for(web.Response(body=body, content_type="text/event-stream")) as client:
        if surface is Surface.CHAT:
            async for chunk in await client.chat.completions.create(model="m", messages=[], stream=True):
                yield chunk
        else:
            async for event in await client.responses.create(model="m", input="x", stream=True):
                yield event


@pytest.mark.parametrize("surface", [Surface.CHAT, Surface.RESPONSES])
async def test_an_interruption_raises_in_the_middle_of_a_stream(surface: Surface) -> None:
    with pytest.raises(openai.APIError, match="stopped before its response was complete"):
        [event async for event in read_events(interruption_event(surface, 7), surface)]


def test_an_interrupted_response_has_the_number_of_its_event() -> None:
    event = json.loads(interruption_event(Surface.RESPONSES, 7).partition(b"data: ")[2])
    assert (event["type"], event["sequence_number"], event["code"]) == ("error", 7, "upstream_interrupted")

"""The `openai` SDK reads the gateway's errors as it reads OpenAI's."""

import json
import ssl
from collections.abc import AsyncIterator

import openai
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from openai.types.chat import ChatCompletion

from gateway.runtime.errors import (
    displaced,
    error,
    exhausted,
    interruption,
    invalid,
    told,
    unauthorized,
    untranslatable,
)
from gateway.runtime.exchange import Answer, Surface, Transient

from .conftest import Scripted, serve

pytestmark = pytest.mark.anyio


def sdk(server: TestServer) -> openai.AsyncOpenAI:
    """The SDK as it comes, but for the certificates of the world, which take longer to read than a test."""
    http = openai.DefaultAsyncHttpxClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
    return openai.AsyncOpenAI(base_url=str(server.make_url("/v1")), api_key="x", max_retries=0, http_client=http)


async def ask(answer: Answer) -> ChatCompletion:
    """What the SDK makes of this answer."""

    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    azure = Scripted()
    azure.answers(handle)
    server = await serve(azure)
    async with server, sdk(server) as client:
        return await client.chat.completions.create(model="m", messages=[])


@pytest.mark.parametrize(
    ("answer", "raised", "code"),
    [
        (invalid("No.", param="tools").answer, openai.BadRequestError, "invalid_value"),
        (unauthorized(), openai.AuthenticationError, "invalid_api_key"),
        (error(404, "No.", param="model", code="model_not_found"), openai.NotFoundError, "model_not_found"),
        (error(408, "Late.", code="request_timeout"), openai.APIStatusError, "request_timeout"),
        (error(413, "Large.", code="request_too_large"), openai.APIStatusError, "request_too_large"),
        (error(415, "No.", code="unsupported_media_type"), openai.APIStatusError, "unsupported_media_type"),
        (exhausted(Transient(429, "status", retry_after=2.5)), openai.RateLimitError, "rate_limit_exceeded"),
        (exhausted(Transient(429, "status")), openai.RateLimitError, "rate_limit_exceeded"),
        (exhausted(Transient(502, "reset")), openai.InternalServerError, "upstream_unavailable"),
        (exhausted(Transient(503, "status", retry_after=3)), openai.InternalServerError, "upstream_unavailable"),
        (displaced(1.0), openai.InternalServerError, "conversation_unavailable"),
        (told(400, {"message": "No.", "code": "content_filter"}), openai.BadRequestError, "content_filter"),
        (untranslatable(Transient(500, "status")), openai.InternalServerError, "translation_failed"),
        (untranslatable(None, "tools"), openai.BadRequestError, "translation_refused"),
        (
            error(500, "Failed.", type="server_error", code="internal_error"),
            openai.InternalServerError,
            "internal_error",
        ),
    ],
)
async def test_each_is_an_exception_of_its_own_type(answer: Answer, raised: type[openai.APIError], code: str) -> None:
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
        await ask(error(503, "Later.", retry_after=after_s))
    headers = seen.value.response.headers
    assert (headers.get("retry-after"), headers.get("retry-after-ms")) == (seconds, milliseconds)


async def events_of(body: bytes, surface: Surface) -> AsyncIterator[object]:
    """What the SDK makes of a stream with this text."""

    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="text/event-stream")

    azure = Scripted()
    azure.answers(handle)
    server = await serve(azure)
    async with server, sdk(server) as client:
        if surface is Surface.CHAT:
            async for chunk in await client.chat.completions.create(model="m", messages=[], stream=True):
                yield chunk
        else:
            async for event in await client.responses.create(model="m", input="x", stream=True):
                yield event


@pytest.mark.parametrize("surface", [Surface.CHAT, Surface.RESPONSES])
async def test_an_interruption_raises_in_the_middle_of_a_stream(surface: Surface) -> None:
    with pytest.raises(openai.APIError, match="stopped in the middle"):
        [event async for event in events_of(interruption(surface, 7), surface)]


def test_an_interrupted_response_has_the_number_of_its_event() -> None:
    event = json.loads(interruption(Surface.RESPONSES, 7).partition(b"data: ")[2])
    assert (event["type"], event["sequence_number"], event["code"]) == ("error", 7, "upstream_interrupted")

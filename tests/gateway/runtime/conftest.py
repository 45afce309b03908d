"""The runtime in this process: its real application, between a real client and a scripted upstream."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.runtime.app import build_app
from gateway.runtime.configuration import Configuration, Model, Retries, Timeouts, Upstream

GATEWAY_KEY = "the-gateway-key"
INNER_KEY = "the-inner-key"
AZURE_KEY = "the-azure-key"
CODEX = "gpt-5.3-codex"
EMBEDDING = "text-embedding-3-large"
BEARER = {"authorization": f"Bearer {GATEWAY_KEY}"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def anyio_backend() -> str:
    """Aiohttp knows no other event loop."""
    return "asyncio"


class Scripted:
    """An upstream that answers its requests with the given handlers in turn, the last one for all that follow."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.handlers: list[Handler] = []

    def answers(self, *handlers: Handler) -> None:
        """Set the script."""
        self.handlers = list(handlers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take the next handler of the script."""
        self.requests.append(request)
        self.bodies.append(await request.read())
        handler = self.handlers.pop(0) if len(self.handlers) > 1 else self.handlers[0]
        return await handler(request)


async def serve(scripted: Scripted) -> TestServer:
    """Put the script on a port of its own."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", scripted.handle)
    server = TestServer(app)
    await server.start_server()
    return server


@pytest.fixture
def azure() -> Scripted:
    """Stands for the Azure OpenAI resource."""
    return Scripted()


@pytest.fixture
def litellm() -> Scripted:
    """Stands for LiteLLM's container."""
    return Scripted()


@pytest.fixture
def configuration() -> Configuration:
    """Short times, so that a test of a time-out is short; the addresses come with the `client`."""
    upstream = Upstream(name="azure-openai", endpoint="http://127.0.0.1:9", key=AZURE_KEY)
    return Configuration(
        host="127.0.0.1",
        port=0,
        gateway_key=GATEWAY_KEY,
        inner_key=INNER_KEY,
        litellm_url="http://127.0.0.1:9",
        models={
            CODEX: Model(
                name=CODEX, deployment=CODEX, kind="responses", api_version="2025-04-01-preview", upstream=upstream
            ),
            EMBEDDING: Model(
                name=EMBEDDING, deployment=EMBEDDING, kind="embeddings", api_version="2023-05-15", upstream=upstream
            ),
        },
        timeouts=Timeouts(connect_s=1.0, first_event_s=0.3, idle_s=0.3, answer_s=0.3, total_s=2.0, litellm_start_s=0.4),
        retries=Retries(attempts=3, backoff_s=0.01, max_retry_after_s=1.0),
        max_body_bytes=10_000,
    )


@pytest.fixture
async def client(configuration: Configuration, azure: Scripted, litellm: Scripted) -> AsyncIterator[Client]:
    """A client of the gateway, whose upstreams are the two scripted ones."""
    servers = [await serve(azure), await serve(litellm)]
    endpoints = [str(server.make_url("")).rstrip("/") for server in servers]
    upstream = Upstream(name="azure-openai", endpoint=endpoints[0], key=AZURE_KEY)
    models = {name: replace(model, upstream=upstream) for name, model in configuration.models.items()}
    app = build_app(replace(configuration, models=models, litellm_url=endpoints[1]))
    async with TestClient(TestServer(app)) as client:
        yield client
    for server in servers:
        await server.close()


def json_answer(status: int = 200, body: object = None, **headers: str) -> Handler:
    """Answer with JSON; underscores in the names of headers stand for hyphens."""

    async def handler(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response({"ok": True} if body is None else body, status=status, headers=named)

    return handler


def text_answer(text: str, *, content_type: str = "application/json") -> Handler:
    """Answer 200 with this text."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type)

    return handler


def stream_answer(*parts: str | float | None) -> Handler:
    """Send each text as it is, wait for each number of seconds, abort the connection at None."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for part in parts:
            if isinstance(part, str):
                await response.write(part.encode())
            elif part is None:
                assert request.transport is not None
                request.transport.abort()
            else:
                await asyncio.sleep(part)
        return response

    return handler


async def abort(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang(_: web.Request) -> web.StreamResponse:
    """Answer too late."""
    await asyncio.sleep(5)
    return web.Response()

"""The runtime in this process: its real application, between a real client and scripted upstreams."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestClient, TestServer

from gateway.runtime.configuration import (
    CircuitBreaker,
    Configuration,
    Limits,
    Model,
    Project,
    Retries,
    Timeouts,
    Upstream,
)

GATEWAY_KEY = "the-gateway-key"
SECONDARY_KEY = "the-secondary-key"
OTHER_KEY = "the-key-of-another-project"
INNER_KEY = "the-inner-key"
AZURE_KEY = "the-key-of-first"
REGIONS = ("first", "second", "third")
CODEX = "gpt-5.3-codex"
CHAT = "gpt-4o-mini"
EMBEDDING = "text-embedding-3-large"
TRANSLATED = "translated-codex"
BEARER = {"authorization": f"Bearer {GATEWAY_KEY}"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Client = TestClient[web.BaseRequest, None]


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
def regions() -> tuple[Scripted, Scripted, Scripted]:
    """Stand for one Azure OpenAI resource in each of three regions, in the order of their priority."""
    return Scripted(), Scripted(), Scripted()


@pytest.fixture
def azure(regions: tuple[Scripted, ...]) -> Scripted:
    """The first of them; the `client` knows no other."""
    return regions[0]


@pytest.fixture
def litellm() -> Scripted:
    """Stands for LiteLLM's container."""
    return Scripted()


def upstream(region: str, endpoint: str = "http://127.0.0.1:9") -> Upstream:
    """One of the regions, by default where nobody listens."""
    return Upstream(name=region, endpoint=endpoint, key=f"the-key-of-{region}", priority=REGIONS.index(region) + 1)


def models_on(*upstreams: Upstream) -> dict[str, Model]:
    """A model of each kind, and one that is always translated."""
    models = (
        Model(name=CODEX, deployment=CODEX, kind="responses", api_version="2025-04-01-preview", upstreams=upstreams),
        Model(name=CHAT, deployment=CHAT, kind="chat", api_version="2024-10-21", upstreams=upstreams),
        Model(name=EMBEDDING, deployment=EMBEDDING, kind="embeddings", api_version="2023-05-15", upstreams=upstreams),
        Model(
            name=TRANSLATED,
            deployment=CODEX,
            kind="responses",
            api_version="2025-04-01-preview",
            upstreams=upstreams,
            translate=True,
        ),
    )
    return {model.name: model for model in models}


@pytest.fixture
def configuration() -> Configuration:
    """One region; short times, so that a test of a time-out is short; the addresses come with the `client`."""
    models = models_on(upstream("first"))
    return Configuration(
        host="127.0.0.1",
        port=0,
        inner_key=INNER_KEY,
        litellm_url="http://127.0.0.1:9",
        projects=(
            Project(name="default", keys=(GATEWAY_KEY, SECONDARY_KEY), models=frozenset(models)),
            Project(name="other", keys=(OTHER_KEY,), models=frozenset({EMBEDDING})),
        ),
        models=models,
        timeouts=Timeouts(
            connect_s=1.0,
            first_event_s=0.5,
            idle_s=0.5,
            answer_s=0.5,
            embeddings_s=0.5,
            body_s=0.5,
            litellm_s=0.5,
            litellm_start_s=0.8,
            total_s=3.0,
        ),
        retries=Retries(attempts=3, backoff_s=0.01, max_retry_after_s=1.0),
        circuit_breaker=CircuitBreaker(failures=1, open_s=0.5, max_open_s=1.0),
        limits=Limits(max_body_bytes=10_000, max_depth=64, queue_s=1.0),
    )


class OurServer(BaseTestServer):
    """Puts the gateway's own server on a port."""

    def __init__(self, server: web.Server) -> None:
        super().__init__()
        self._server = server

    async def _make_runner(self, **_: object) -> web.ServerRunner:
        return web.ServerRunner(self._server)


@asynccontextmanager
async def gateway(configuration: Configuration) -> AsyncIterator[Client]:
    """A client of a gateway that has just this configuration."""
    from gateway.runtime.app import open_server
    from gateway.runtime.request_log import RequestLog
    from gateway.runtime.serve import Drain

    async with (
        open_server(configuration, drain=Drain(), log=RequestLog()) as server,
        Client(OurServer(server)) as client,
    ):
        yield client


@asynccontextmanager
async def gateway_of(
    configuration: Configuration, azures: Iterable[Scripted], litellm: Scripted
) -> AsyncIterator[Client]:
    """The same, with its upstreams listening."""
    servers = [await serve(scripted) for scripted in (litellm, *azures)]
    urls = [str(server.make_url("")).rstrip("/") for server in servers]
    upstreams = [upstream(region, url) for region, url in zip(REGIONS, urls[1:], strict=False)]
    async with gateway(replace(configuration, models=models_on(*upstreams), litellm_url=urls[0])) as client:
        yield client
    for server in servers:
        await server.close()


@pytest.fixture
async def client(configuration: Configuration, azure: Scripted, litellm: Scripted) -> AsyncIterator[Client]:
    """A client of a gateway with a single region."""
    async with gateway_of(configuration, [azure], litellm) as client:
        yield client


@pytest.fixture
async def client_of_regions(
    configuration: Configuration, regions: tuple[Scripted, ...], litellm: Scripted
) -> AsyncIterator[Client]:
    """A client of a gateway with three regions."""
    async with gateway_of(configuration, regions, litellm) as client:
        yield client


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What the gateway has logged since the last look: requests and events."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def line_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The line of the only request."""
    return _line(capsys.readouterr().out)


async def line_of_who_left(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The same, once the gateway has noticed."""
    out, until = "", asyncio.get_running_loop().time() + 30
    while '"route"' not in out and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(0.01)
        out += capsys.readouterr().out
    return _line(out)


def _line(out: str) -> dict[str, Any]:
    (line,) = [line for line in map(json.loads, out.splitlines()) if "route" in line]
    found: dict[str, Any] = line
    return found


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


class Slow:
    """Hangs; tells when it was asked, and when whoever asked has gone."""

    def __init__(self) -> None:
        self.asked, self.left = asyncio.Event(), asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer too late."""
        self.asked.set()
        try:
            return await hang(request)
        finally:
            self.left.set()

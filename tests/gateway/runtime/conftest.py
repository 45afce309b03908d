"""The gateway in this process, in virtual time: its real server, between a real client and scripted upstreams."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestClient, TestServer

from gateway.runtime.access_log import log_event
from gateway.runtime.configuration import Configuration, Project
from gateway.runtime.http.handler import open_server
from gateway.runtime.http.shutdown import ActiveRequests
from gateway.runtime.upstream.managed_identity import ManagedIdentity
from settings.limits import CircuitBreaker, Limits, Retries, Timeouts
from tests.virtual_time import VirtualTimeLoop

from .builders import EMBEDDING, REGIONS, build_models, build_upstream

GATEWAY_KEY = "the-gateway-key"
SECONDARY_KEY = "the-secondary-key"
OTHER_KEY = "the-key-of-another-project"
INNER_KEY = "the-inner-key"
AZURE_KEY = "the-key-of-first"
BEARER = {"authorization": f"Bearer {GATEWAY_KEY}"}

Script = Callable[[web.Request], Awaitable[web.StreamResponse]]
Client = TestClient[web.BaseRequest, None]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """What waits does not take long."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


class FakeUpstream:
    """An upstream that answers its requests by the given scripts in turn, by the last one from then on."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self._scripts: list[Script] = []

    def answers(self, *scripts: Script) -> None:
        """Set the scripts."""
        self._scripts = list(scripts)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer by the next script."""
        self.requests.append(request)
        self.bodies.append(await request.read())
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        return await script(request)


@asynccontextmanager
async def listening(*upstreams: FakeUpstream) -> AsyncIterator[list[str]]:
    """Start a server for each upstream; yield their URLs."""
    async with AsyncExitStack() as stack:
        urls = []
        for upstream in upstreams:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", upstream.handle)
            server = await stack.enter_async_context(TestServer(app))
            urls.append(str(server.make_url("")).rstrip("/"))
        yield urls


@pytest.fixture
def regions() -> tuple[FakeUpstream, FakeUpstream, FakeUpstream]:
    """An Azure OpenAI resource in each of three regions, in the order of their priority."""
    return FakeUpstream(), FakeUpstream(), FakeUpstream()


@pytest.fixture
def azure(regions: tuple[FakeUpstream, ...]) -> FakeUpstream:
    """The first of them, which is the only region of the `client`."""
    return regions[0]


@pytest.fixture
def litellm() -> FakeUpstream:
    """LiteLLM's container."""
    return FakeUpstream()


@pytest.fixture
def configuration() -> Configuration:
    """One region; `client` sets the endpoints."""
    models = build_models(build_upstream("first"))
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
            connect_s=0.5,
            headers_s=0.5,
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
        limits=Limits(max_body_bytes=10_000, max_depth=64, queue_s=1.0, translation_queue_s=1.0),
    )


class GatewayServer(BaseTestServer):
    """Starts a server of the gateway on a free port."""

    def __init__(self, server: web.Server) -> None:
        super().__init__()
        self._server = server

    async def _make_runner(self, **_: object) -> web.ServerRunner:
        return web.ServerRunner(self._server)


@asynccontextmanager
async def open_gateway(
    configuration: Configuration, *, identity: ManagedIdentity | None = None
) -> AsyncIterator[Client]:
    """A client of a gateway with this configuration."""
    async with (
        open_server(configuration, active_requests=ActiveRequests(), identity=identity, log_event=log_event) as server,
        Client(GatewayServer(server)) as client,
    ):
        yield client


@asynccontextmanager
async def open_gateway_for(
    configuration: Configuration, azures: Iterable[FakeUpstream], litellm: FakeUpstream
) -> AsyncIterator[Client]:
    """The same with these upstreams."""
    async with listening(litellm, *azures) as (litellm_url, *urls):
        upstreams = [build_upstream(region, url) for region, url in zip(REGIONS, urls, strict=False)]
        configuration = replace(configuration, models=build_models(*upstreams), litellm_url=litellm_url)
        async with open_gateway(configuration) as client:
            yield client


@pytest.fixture
async def client(configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream) -> AsyncIterator[Client]:
    """A client of a gateway with a single region."""
    async with open_gateway_for(configuration, [azure], litellm) as client:
        yield client


@pytest.fixture
async def client_of_regions(
    configuration: Configuration, regions: tuple[FakeUpstream, ...], litellm: FakeUpstream
) -> AsyncIterator[Client]:
    """A client of a gateway with three regions."""
    async with open_gateway_for(configuration, regions, litellm) as client:
        yield client


def read_log(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What the gateway has logged since the last call: requests and events."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def read_request_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The line of the only request since the last call."""
    (line,) = [line for line in read_log(capsys) if "route" in line]
    return line


async def let_others_run() -> None:
    """Wait until nothing happens any more: virtual time does not pass before."""
    await asyncio.sleep(0.01)


def json_answer(status: int = 200, body: object = None, **headers: str) -> Script:
    """Answer with JSON; underscores in the names of headers stand for hyphens."""

    async def script(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response({"ok": True} if body is None else body, status=status, headers=named)

    return script


def text_answer(text: str, *, status: int = 200, content_type: str = "application/json") -> Script:
    """Answer with this text."""

    async def script(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, content_type=content_type)

    return script


def stream_answer(*parts: str | float | None) -> Script:
    """Send each text, wait for each number of seconds, abort the connection at None."""

    async def script(request: web.Request) -> web.StreamResponse:
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

    return script


def delayed(seconds: float, script: Script) -> Script:
    """Answer later."""

    async def script_later(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await script(request)

    return script_later


async def abort(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang(_: web.Request) -> web.StreamResponse:
    """Answer too late for every timeout."""
    await asyncio.sleep(1000)
    return web.Response()


class Hanging:
    """A script that hangs, and reports when it was called and when its caller has gone."""

    def __init__(self) -> None:
        self.called, self.abandoned = asyncio.Event(), asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer too late."""
        self.called.set()
        try:
            return await hang(request)
        finally:
            self.abandoned.set()

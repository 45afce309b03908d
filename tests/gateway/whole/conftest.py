"""The gateway from the synthesized stack, emulated regions behind it, the `openai` SDK in front of it."""

import hashlib
import json
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session, run

from .azure_regions import NO_TLS, AzureRegions, EmulatorControl, GatewayLog, signal_litellm
from .chat_parameters import ChatParameters
from .chat_parameters import Writer as ChatParametersWriter
from .reliability import Reliability, Writer
from .surfaces import ALL_SURFACES, CANARY, Result, Surface, call


@pytest.fixture(scope="session")
def replica(regions: Session, regions_stack: Path, regions_secrets: Path) -> Iterator[Session]:
    """Another replica in front of the same regions. Its LiteLLM is stopped while it still loads."""
    upstreams = {name: emulator.url for name, emulator in regions.emulators.items()}
    with run(
        stack=regions_stack, environ={}, upstreams=upstreams, secrets=regions_secrets, litellm="loading"
    ) as session:
        signal_litellm(session, signal.SIGSTOP)
        try:
            yield session
        finally:
            signal_litellm(session, signal.SIGKILL)


@dataclass(frozen=True)
class Client:
    """The SDK in front of a gateway, with canaries in its requests, and the ids of the requests."""

    sdk: openai.OpenAI
    log: GatewayLog
    ids: list[str] = field(default_factory=list)

    def call(self, surface: Surface) -> Result:
        """Call the surface and describe the outcome."""
        return call(self.sdk, surface)

    def line(self) -> dict[str, Any]:
        """The log's line of the last request."""
        return self.log.line(self.ids[-1])


@pytest.fixture(scope="session")
def client_of() -> Iterator[Callable[[Session], Client]]:
    """Makes a client of a gateway."""
    with ExitStack() as stack:

        def make(session: Session) -> Client:
            ids: list[str] = []
            hooks = {"response": [lambda response: ids.append(response.headers.get("x-request-id", ""))]}
            http = stack.enter_context(openai.DefaultHttpxClient(event_hooks=hooks, trust_env=False, verify=NO_TLS))
            sdk = openai.OpenAI(
                base_url=session.base_url,
                api_key=session.key,
                max_retries=0,
                timeout=60,
                http_client=http,
                default_headers={f"x-{CANARY}": CANARY, "cookie": CANARY},
                default_query={CANARY: CANARY},
            )
            return Client(sdk, GatewayLog(session.gateway.log), ids)

        yield make


Clients = dict[str, Client]
"""One client for each surface, by the surface's name."""


def call_all(clients: Clients, surfaces: tuple[Surface, ...]) -> dict[str, Result]:
    """Call these surfaces, all at once."""
    with ThreadPoolExecutor(len(surfaces)) as pool:
        calls = {surface.name: pool.submit(clients[surface.name].call, surface) for surface in surfaces}
    return {name: call.result() for name, call in calls.items()}


@pytest.fixture
def authentication(request: pytest.FixtureRequest) -> str:
    """How the gateway authenticates to Azure: by `key`, or by `identity`."""
    return str(getattr(request, "param", "key"))


by_authentication = pytest.mark.parametrize(
    "authentication", ["key", pytest.param("identity", marks=pytest.mark.full)], indirect=True
)
"""Run a test with keys, and once more without: what follows is the same."""


@dataclass(frozen=True, kw_only=True)
class RunningStack:
    """One client for each surface of a gateway, and the three regions behind it."""

    clients: Clients
    azure: AzureRegions


@contextmanager
def open_stack(session: Session, client_of: Callable[[Session], Client]) -> Iterator[RunningStack]:
    """Open the clients of a running stack, and the control of its regions."""
    clients = {surface.name: client_of(session) for surface in ALL_SURFACES}
    if "litellm" in session.containers:
        call_all(
            clients, tuple(surface for surface in ALL_SURFACES if surface.litellm)
        )  # LiteLLM loads more with these
    with ExitStack() as stack:
        controls = {
            name: EmulatorControl(
                stack.enter_context(httpx.Client(base_url=emulator.control_url, trust_env=False, verify=NO_TLS))
            )
            for name, emulator in session.emulators.items()
        }
        azure = AzureRegions(session=session, regions=controls, log=GatewayLog(session.gateway.log))
        yield RunningStack(clients=clients, azure=azure)


@pytest.fixture(scope="session")
def _with_keys(regions: Session, client_of: Callable[[Session], Client]) -> Iterator[RunningStack]:
    with open_stack(regions, client_of) as running:
        yield running


@pytest.fixture(scope="session")
def _with_identity(keyless_regions: Session, client_of: Callable[[Session], Client]) -> Iterator[RunningStack]:
    with open_stack(keyless_regions, client_of) as running:
        yield running


@pytest.fixture
def _running(request: pytest.FixtureRequest, authentication: str) -> RunningStack:
    name = {"key": "_with_keys", "identity": "_with_identity"}[authentication]
    running: RunningStack = request.getfixturevalue(name)
    return running


@pytest.fixture
def clients(_running: RunningStack, azure: AzureRegions) -> Clients:
    """One client for each surface of the gateway in front of the three regions."""
    del azure
    return _running.clients


@pytest.fixture(scope="session")
def _client(regions: Session, client_of: Callable[[Session], Client]) -> Client:
    return client_of(regions)


@pytest.fixture
def client(_client: Client, azure: AzureRegions) -> Client:
    """A client of the gateway in front of the three regions."""
    del azure
    return _client


@pytest.fixture
def azure(_running: RunningStack) -> Iterator[AzureRegions]:
    """Three healthy regions; no breaker of the gateway is open."""
    _running.azure.clear()
    yield _running.azure
    _running.azure.clear()


@pytest.fixture
def first(azure: AzureRegions) -> EmulatorControl:
    """The region of priority 1."""
    return azure.regions["first"]


@pytest.fixture(scope="session")
def _http(regions: Session) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=regions.host_url, timeout=60, trust_env=False, verify=NO_TLS) as http:
        yield http


@pytest.fixture
def http(_http: httpx.Client, azure: AzureRegions) -> httpx.Client:
    """An HTTP client without a key."""
    del azure
    return _http


@pytest.fixture(scope="session")
def _http_with_key(regions: Session) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {regions.key}", "content-type": "application/json"}
    with httpx.Client(base_url=regions.host_url, headers=headers, timeout=60, trust_env=False, verify=NO_TLS) as http:
        yield http


@pytest.fixture
def http_with_key(_http_with_key: httpx.Client, azure: AzureRegions) -> httpx.Client:
    """An HTTP client with a project's key."""
    del azure
    return _http_with_key


@pytest.fixture
def keys(azure: AzureRegions, regions_secrets: Path) -> set[str]:
    """Every key of the stack, with those that are derived from others, and how a token begins."""
    values = set(json.loads(regions_secrets.read_text()).values())
    derived = {hashlib.sha256(f"secondary:{value}".encode()).hexdigest() for value in values}
    return {azure.session.inner_key, "eyJ"} | values | derived


@pytest.fixture
def assert_nothing_leaked(azure: AzureRegions, keys: set[str]) -> Callable[[], None]:
    """Asserts that nothing of the requests so far, and no key, is in what the containers have printed."""

    def check() -> None:
        for name, container in azure.session.containers.items():
            printed = container.output()
            assert CANARY not in printed.lower(), name
            assert not any(key in printed for key in keys), name
            assert "Traceback" not in printed, name
        azure.log.update()  # and every line is JSON

    return check


@pytest.fixture
def reliability(request: pytest.FixtureRequest) -> Reliability:
    """The table in docs/reliability.md."""
    return Reliability(writes=request.config.getoption("--write-reliability"), test=request.node)


@pytest.fixture
def chat_parameters(request: pytest.FixtureRequest) -> ChatParameters:
    """The table in docs/clients.md."""
    return ChatParameters(writes=request.config.getoption("--write-parameters"), test=request.node)


def pytest_configure(config: pytest.Config) -> None:
    """Have the tables written, once for all workers."""
    writers = {"--write-reliability": Writer, "--write-parameters": ChatParametersWriter}
    for option, writer in writers.items():
        if config.getoption(option) and not hasattr(config, "workerinput"):
            config.pluginmanager.register(writer())

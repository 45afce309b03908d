"""The gateway and the real LiteLLM from the synthesized stack, emulators behind them, the `openai` SDK in front."""

import signal
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session, run

from .regions import Azure, GatewayLog, Regions, tell_litellm
from .reliability import DOCUMENT, Reliability, render
from .surfaces import CODEX_CHAT, PROMPT, TRANSLATED, Seen, Surface, ask

__all__ = ["Azure"]

_TABLE = pytest.StashKey[Reliability]()
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading certificates takes a quarter of a second per client


# One client each for all tests: making one reads the certificates of the world, which takes longer than a test.
@pytest.fixture(scope="session")
def control(session: Session) -> Iterator[httpx.Client]:
    """Talks to the emulator's control port."""
    with httpx.Client(base_url=session.emulators["azure-openai"].control_url, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def sdk(session: Session) -> Iterator[openai.OpenAI]:
    """The SDK as a person would configure it, without retries of its own."""
    with openai.OpenAI(base_url=session.base_url, api_key=session.key, max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def http(session: Session) -> Iterator[httpx.Client]:
    """Any HTTP client, without a key."""
    with httpx.Client(base_url=session.host_url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def azure(control: httpx.Client) -> Iterator[Azure]:
    """The emulated Azure OpenAI resource, without faults and memory."""
    azure = Azure(control)
    azure.clear()
    yield azure
    azure.clear()


@pytest.fixture
def client(sdk: openai.OpenAI, azure: Azure) -> openai.OpenAI:
    """The SDK, in front of an Azure that behaves until a test says otherwise."""
    del azure
    return sdk


@pytest.fixture(scope="session")
def replica(regions: Session, regions_stack: Path, regions_secrets: Path) -> Iterator[Session]:
    """Another replica in front of the same regions. Its LiteLLM has been stopped while it still loads."""
    upstreams = {name: emulator.url for name, emulator in regions.emulators.items()}
    with run(stack=regions_stack, environ={}, upstreams=upstreams, secrets=regions_secrets, wait="gateway") as session:
        tell_litellm(session, signal.SIGSTOP)
        try:
            yield session
        finally:
            tell_litellm(session, signal.SIGKILL)


@dataclass(frozen=True)
class Client:
    """A gateway's user: the SDK, and the ids of the requests that it was told."""

    sdk: openai.OpenAI
    log: GatewayLog
    ids: list[str] = field(default_factory=list)

    def ask(self, surface: Surface, *, prompt: str = PROMPT) -> Seen:
        """Ask and see."""
        return ask(self.sdk, surface, prompt=prompt)

    def line(self) -> dict[str, Any]:
        """Return the log's line of the last request."""
        return self.log.line(self.ids[-1])


@pytest.fixture(scope="session")
def user_of() -> Iterator[Callable[[Session], Client]]:
    """Makes a user of a gateway."""
    with ExitStack() as stack:

        def make(session: Session) -> Client:
            ids: list[str] = []
            hooks = {"response": [lambda response: ids.append(response.headers.get("x-request-id", ""))]}
            http = stack.enter_context(openai.DefaultHttpxClient(event_hooks=hooks, trust_env=False, verify=_NO_TLS))
            sdk = openai.OpenAI(
                base_url=session.base_url, api_key=session.key, max_retries=0, timeout=60, http_client=http
            )
            return Client(sdk, GatewayLog(session.gateway.log), ids)

        yield make


@pytest.fixture(scope="session")
def _user(regions: Session, user_of: Callable[[Session], Client]) -> Client:
    user = user_of(regions)
    for surface in (CODEX_CHAT, *TRANSLATED):
        user.ask(surface)  # LiteLLM loads more with its first requests
    return user


@pytest.fixture(scope="session")
def _world(regions: Session, _user: Client) -> Iterator[Regions]:
    with ExitStack() as stack:
        azures = {
            name: Azure(stack.enter_context(httpx.Client(base_url=emulator.control_url, trust_env=False)))
            for name, emulator in regions.emulators.items()
        }
        yield Regions(session=regions, azures=azures, log=_user.log)


@pytest.fixture
def world(_world: Regions) -> Iterator[Regions]:
    """Three healthy regions, none of them left alone by the gateway."""
    _world.clear()
    yield _world
    _world.clear()


@pytest.fixture
def user(_user: Client, world: Regions) -> Client:
    """The user of the gateway in front of the three regions."""
    del world
    return _user


@pytest.fixture
def first(world: Regions) -> Azure:
    """The region of priority 1."""
    return world.azures["first"]


@pytest.fixture
def second(world: Regions) -> Azure:
    """The region of priority 2."""
    return world.azures["second"]


@pytest.fixture
def third(world: Regions) -> Azure:
    """The region of priority 3."""
    return world.azures["third"]


@pytest.fixture
def reliability(pytestconfig: pytest.Config) -> Reliability:
    """The table of this run; a run that writes it has nothing to compare with."""
    return pytestconfig.stash[_TABLE]


def pytest_configure(config: pytest.Config) -> None:
    """Begin the table of what the fault tests see."""
    config.stash[_TABLE] = Reliability(writes=config.getoption("--write-reliability"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, and write it where it is kept when told so."""
    table = config.stash[_TABLE]
    if not table.seen:
        return
    terminalreporter.section("what clients see of failures")
    terminalreporter.write_line(render(table.seen))
    if table.writes:
        table.write()
        terminalreporter.write_line(f"written to {DOCUMENT}")

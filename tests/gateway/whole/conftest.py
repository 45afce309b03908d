"""The gateway and the real LiteLLM from the synthesized stack, the emulator behind them, the `openai` SDK in front."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session


@dataclass(frozen=True)
class Azure:
    """The emulator's other side: what it received, and what it shall do wrong."""

    control: httpx.Client

    def requests(self) -> list[dict[str, Any]]:
        """Return what arrived since the test began."""
        received: list[dict[str, Any]] = self.control.get("/requests").raise_for_status().json()
        return received

    def fail(self, fault: str, **options: object) -> None:
        """Let the next request fail, or as many as `count` says."""
        self.control.post("/faults", json={"fault": fault, **options}).raise_for_status()

    def clear(self) -> None:
        """Forget faults and requests."""
        for path in ("/faults", "/requests"):
            self.control.delete(path).raise_for_status()


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

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

    control_url: str

    def requests(self) -> list[dict[str, Any]]:
        """Return what arrived since the test began."""
        received: list[dict[str, Any]] = httpx.get(f"{self.control_url}/requests").raise_for_status().json()
        return received

    def fail(self, fault: str, **options: object) -> None:
        """Let the next request fail, or as many as `count` says."""
        httpx.post(f"{self.control_url}/faults", json={"fault": fault, **options}).raise_for_status()

    def clear(self) -> None:
        """Forget faults and requests."""
        for path in ("faults", "requests"):
            httpx.delete(f"{self.control_url}/{path}").raise_for_status()


@pytest.fixture
def azure(session: Session) -> Iterator[Azure]:
    """The emulated Azure OpenAI resource, without faults and memory."""
    azure = Azure(session.emulators["azure-openai"].control_url)
    azure.clear()
    yield azure
    azure.clear()


@pytest.fixture
def client(session: Session, azure: Azure) -> Iterator[openai.OpenAI]:
    """The SDK as a person would configure it, without retries of its own."""
    del azure
    with openai.OpenAI(base_url=session.base_url, api_key=session.key, max_retries=0, timeout=60) as client:
        yield client

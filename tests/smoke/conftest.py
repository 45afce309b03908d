"""Gateways to test: one that works, one whose Azure can be made wrong, and a server before the first that tampers."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from local.runner.session import Session, run
from scripts.smoke_test import Offer, offer_of

from .azure import KEY, Azure, free_port, stack_with_short_limits
from .script import PROXIES
from .tampering import Tampering


@pytest.fixture(scope="session")
def offer() -> Offer:
    """What the settings of dev promise."""
    return offer_of("dev")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="package")
def azure() -> Iterator[Azure]:
    """An Azure OpenAI resource at an address that stays, whatever is there."""
    with Azure(free_port()) as azure:
        yield azure


@pytest.fixture(scope="package")
def short_limits(synthesis_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack of dev with short limits."""
    return stack_with_short_limits(tmp_path_factory.mktemp("short-limits"), environ=synthesis_environ)


@pytest.fixture(scope="package")
def faulty(azure: Azure, short_limits: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The gateway of that stack, and the real LiteLLM, before that resource."""
    with before(azure, stack=short_limits, folder=tmp_path_factory.mktemp("faulty")) as session:
        # LiteLLM's first translation loads what the next ones have, which the short limits are not made for.
        azure.be()
        body = {"model": "gpt-5.3-codex", "messages": [{"role": "user", "content": "Hello."}]}
        headers = {"authorization": f"Bearer {session.key}"}
        httpx.post(f"{session.base_url}/chat/completions", json=body, headers=headers, timeout=60).raise_for_status()
        yield session


@pytest.fixture
def doomed(azure: Azure, short_limits: Path, tmp_path: Path) -> Iterator[Session]:
    """Another one, for a test that leaves it broken."""
    with before(azure, stack=short_limits, folder=tmp_path) as session:
        yield session


def before(azure: Azure, *, stack: Path, folder: Path) -> AbstractContextManager[Session]:
    """A gateway before the resource."""
    return run(
        stack=stack,
        environ={"TF_VAR_azure_openai_api_key": KEY},
        upstreams={"azure-openai": azure.url},
        secrets=folder / "secrets.json",
    )


@pytest.fixture(scope="package")
def _tampering(session: Session) -> Iterator[Tampering]:
    with Tampering(session.host_url) as tampering:
        yield tampering


@pytest.fixture
def tampering(_tampering: Tampering) -> Iterator[Tampering]:
    """A server before the working gateway that changes answers as a test tells it."""
    yield _tampering
    _tampering.tamper = None

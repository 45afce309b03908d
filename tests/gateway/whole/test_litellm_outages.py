"""LiteLLM loads, hangs or is dead: what does not need it still works, the rest waits or fails cleanly.

The tests are in the order in which one LiteLLM goes through this: it loads once and dies once.
"""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.runner.readiness import wait_until_ready
from local.runner.session import Session

from .azure_regions import AzureRegions, eventually, signal_litellm
from .conftest import Client, Clients, call_all
from .fault_table import HUNG, KILLED, LOADING
from .reliability import Reliability, outcome
from .surfaces import ALL_SURFACES, ANSWER, CODEX_CHAT

pytestmark = pytest.mark.litellm

_WAIT_S = 5.0  # litellm_start_s and litellm_s of the stack
_SLACK_S = 4.0
_UNAVAILABLE = "InternalServerError 503 translation_unavailable"
_THROUGH_LITELLM = tuple(surface for surface in ALL_SURFACES if surface.litellm)


@pytest.fixture(scope="module")
def replica_clients(replica: Session, client_of: Callable[[Session], Client]) -> Iterator[Clients]:
    """One client of the replica for each surface."""
    yield {surface.name: client_of(replica) for surface in ALL_SURFACES}
    signal_litellm(replica, signal.SIGCONT)


@pytest.fixture(scope="module")
def loaded(replica: Session) -> Session:
    """The replica, once its LiteLLM has loaded."""
    signal_litellm(replica, signal.SIGCONT)
    wait_until_ready(f"{replica.litellm_url}/health/liveliness", replica.litellm)
    return replica


def _assert_the_rest_works(azure: AzureRegions, clients: Clients, reliability: Reliability, failure: str) -> None:
    results = call_all(clients, ALL_SURFACES)
    expected = {surface.name: _UNAVAILABLE if surface.litellm else ANSWER for surface in ALL_SURFACES}
    assert {name: result.text for name, result in results.items()} == expected
    for surface in ALL_SURFACES:
        assert results[surface.name].seconds < (_WAIT_S if surface.litellm else 0.0) + _SLACK_S
    assert azure.regions_asked() == ["first"] * (len(ALL_SURFACES) - len(_THROUGH_LITELLM))
    reliability.check(failure, {name: outcome(result.text, clients[name].line()) for name, result in results.items()})


def test_while_it_loads(azure: AzureRegions, replica_clients: Clients, reliability: Reliability) -> None:
    _assert_the_rest_works(azure, replica_clients, reliability, LOADING)


def test_an_early_request_is_answered_when_it_has_loaded(
    replica: Session, replica_clients: Clients, request: pytest.FixtureRequest
) -> None:
    signal_litellm(replica, signal.SIGCONT)
    results: list[str] = []
    while ANSWER not in results and len(results) < 50:
        results.append(replica_clients[CODEX_CHAT.name].call(CODEX_CHAT).text)
    assert results[-1] == ANSWER
    assert set(results[:-1]) <= {_UNAVAILABLE}
    request.getfixturevalue("loaded")


def test_while_it_hangs(
    azure: AzureRegions, loaded: Session, replica_clients: Clients, reliability: Reliability
) -> None:
    assert replica_clients[CODEX_CHAT.name].call(CODEX_CHAT).text == ANSWER
    azure.clear()
    signal_litellm(loaded, signal.SIGSTOP)
    try:
        _assert_the_rest_works(azure, replica_clients, reliability, HUNG)
        azure.clear()
        # The gateway waits for LiteLLM's health check now, which comes.
        with ThreadPoolExecutor() as pool:
            results = pool.submit(call_all, replica_clients, _THROUGH_LITELLM)
            assert not eventually(results.done, within_s=0.3)
            signal_litellm(loaded, signal.SIGCONT)
    finally:
        signal_litellm(loaded, signal.SIGCONT)
    assert {result.text for result in results.result().values()} == {ANSWER}
    # Requests that were given up do not reach Azure when LiteLLM comes to them.
    assert azure.regions_asked() == ["first"] * len(_THROUGH_LITELLM)


def test_when_it_dies(azure: AzureRegions, loaded: Session, replica_clients: Clients, reliability: Reliability) -> None:
    azure.fail("first", "hang_before_headers")
    with ThreadPoolExecutor() as pool:
        calling = pool.submit(replica_clients[CODEX_CHAT.name].call, CODEX_CHAT)
        assert eventually(azure.regions["first"].requests)
        signal_litellm(loaded, signal.SIGKILL)
    assert calling.result().text == "InternalServerError 502 translation_failed"
    assert calling.result().seconds < _WAIT_S + _SLACK_S
    azure.clear()
    replica_clients[CODEX_CHAT.name].log.wait_for_breakers()
    _assert_the_rest_works(azure, replica_clients, reliability, KILLED)

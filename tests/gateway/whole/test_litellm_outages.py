"""LiteLLM loads, hangs or is dead: what does not need it still works, the rest waits or fails cleanly."""

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

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


def _assert_the_rest_works(azure: AzureRegions, clients: Clients, reliability: Reliability, failure: str) -> None:
    results = call_all(clients, ALL_SURFACES)
    expected = {surface.name: _UNAVAILABLE if surface.litellm else ANSWER for surface in ALL_SURFACES}
    assert {name: result.text for name, result in results.items()} == expected
    for surface in ALL_SURFACES:
        assert results[surface.name].seconds < (_WAIT_S if surface.litellm else 0.0) + _SLACK_S
    assert azure.regions_asked() == ["first"] * (len(ALL_SURFACES) - len(_THROUGH_LITELLM))
    reliability.check(failure, {name: outcome(result.text, clients[name].line()) for name, result in results.items()})


def test_it_loads_hangs_and_dies(
    azure: AzureRegions, replica: Session, client_of: Callable[[Session], Client], reliability: Reliability
) -> None:
    """One test, because the order matters: a LiteLLM loads once and dies once."""
    clients = {surface.name: client_of(replica) for surface in ALL_SURFACES}
    _while_it_loads(azure, clients, reliability)
    azure.clear()
    try:
        _an_early_request_is_answered_when_it_has_loaded(replica, clients)
        azure.clear()
        _while_it_hangs(azure, replica, clients, reliability)
        azure.clear()
        _when_it_dies(azure, replica, clients, reliability)
    finally:
        signal_litellm(replica, signal.SIGCONT)


def _while_it_loads(azure: AzureRegions, clients: Clients, reliability: Reliability) -> None:
    _assert_the_rest_works(azure, clients, reliability, LOADING)


def _an_early_request_is_answered_when_it_has_loaded(replica: Session, clients: Clients) -> None:
    signal_litellm(replica, signal.SIGCONT)
    results: list[str] = []
    while ANSWER not in results and len(results) < 50:
        results.append(clients[CODEX_CHAT.name].call(CODEX_CHAT).text)
    assert results[-1] == ANSWER
    assert set(results[:-1]) <= {_UNAVAILABLE}


def _while_it_hangs(azure: AzureRegions, replica: Session, clients: Clients, reliability: Reliability) -> None:
    signal_litellm(replica, signal.SIGSTOP)
    _assert_the_rest_works(azure, clients, reliability, HUNG)
    azure.clear()
    # The gateway waits for LiteLLM's health check now, which comes.
    with ThreadPoolExecutor() as pool:
        try:
            results = pool.submit(call_all, clients, _THROUGH_LITELLM)
            assert not eventually(results.done, within_s=0.3)
        finally:
            signal_litellm(replica, signal.SIGCONT)
    assert {result.text for result in results.result().values()} == {ANSWER}
    # Requests that were given up do not reach Azure when LiteLLM comes to them.
    assert azure.regions_asked() == ["first"] * len(_THROUGH_LITELLM)


def _when_it_dies(azure: AzureRegions, replica: Session, clients: Clients, reliability: Reliability) -> None:
    azure.fail("first", "hang_before_headers")
    with ThreadPoolExecutor() as pool:
        calling = pool.submit(clients[CODEX_CHAT.name].call, CODEX_CHAT)
        assert eventually(azure.regions["first"].requests)
        signal_litellm(replica, signal.SIGKILL)
    assert calling.result().text == "InternalServerError 502 translation_failed"
    assert calling.result().seconds < _WAIT_S + _SLACK_S
    azure.clear()
    clients[CODEX_CHAT.name].log.wait_for_breakers()
    _assert_the_rest_works(azure, clients, reliability, KILLED)

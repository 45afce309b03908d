"""What is left out when there is no use in asking any more."""

import asyncio
import threading
from typing import cast

from scripts.smoke_test import Offer, run
from scripts.smoke_test.checks import checks_of
from scripts.smoke_test.diagnosis import Scene
from scripts.smoke_test.exchange import Answer, Request
from scripts.smoke_test.report import Result
from scripts.smoke_test.run import _all
from scripts.smoke_test.transport import Kind, UnreachedError
from scripts.smoke_test.wire import Wire

from .tampering import Asked, Sent, Server


class Dead:
    """A wire that nobody answers at the other end of."""

    def __init__(self, kind: Kind, *, left_s: float = 60.0) -> None:
        self.left_s = left_s
        self._kind = kind

    async def ask(self, request: Request) -> Answer:
        """Nothing comes."""
        raise UnreachedError(self._kind, request.path)


def results_of(wire: Dead, offer: Offer) -> list[Result]:
    """All checks, by this wire."""
    scene = Scene(base_url="https://gateway.example/v1", offer=offer)
    return list(asyncio.run(_all(checks_of(offer, key="key"), wire=cast("Wire", wire), scene=scene)))


def test_a_gateway_that_is_gone_is_not_asked_any_more(offer: Offer) -> None:
    first, *others = results_of(Dead("refused"), offer)
    assert (first.status, first.diagnosis and first.diagnosis.layer) == ("failed", "network")
    assert {(result.status, result.note) for result in others} == {("skipped", "the gateway is gone")}


def test_after_a_silence_the_others_are_asked_all_the_same(offer: Offer) -> None:
    assert {result.status for result in results_of(Dead("timeout"), offer)} == {"failed"}


def test_when_the_time_is_over_the_rest_is_left_out(offer: Offer) -> None:
    first, *others = results_of(Dead("timeout", left_s=0.0), offer)
    assert first.status == "failed"
    assert {(result.status, result.note) for result in others} == {("skipped", "no time left: see --timeout-s")}


def test_what_hangs_takes_three_times_the_time_of_one_check_altogether(offer: Offer) -> None:
    over = threading.Event()

    def serve(asked: Asked) -> Sent:
        is_first = asked.method == "GET" and not asked.key
        if not is_first:
            over.wait(60)
        return Sent(status=401, body=b'{"error": {"code": "invalid_api_key"}}', drop=not is_first)

    with Server(serve) as server:
        report = run(base_url=server.url, key="a-key-of-clients", offer=offer, wait_s=1, timeout_s=1.5)
        over.set()
    assert [result.status for result in report.results][:5] == ["passed", "failed", "failed", "failed", "skipped"]
    assert {result.note for result in report.results[4:]} == {"no time left: see --timeout-s"}

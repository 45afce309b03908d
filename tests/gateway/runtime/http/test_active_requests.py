"""Which requests are active, and when there are none."""

import asyncio

import pytest

from gateway.runtime.context import now
from gateway.runtime.http.active_requests import ActiveRequests

pytestmark = pytest.mark.anyio


async def test_a_request_is_found_by_its_inner_token_while_it_is_active() -> None:
    active_requests = ActiveRequests()
    await asyncio.sleep(5.0)
    with (
        active_requests.open(route="responses", total_s=10.0) as one,
        active_requests.open(route="x", total_s=1) as two,
    ):
        assert (one.route, one.started, one.deadline) == ("responses", 5.0, 15.0)
        assert active_requests.find(one.inner.token) is one
        assert active_requests.find(two.inner.token) is two
        assert active_requests.find(one.request_id) is None
        assert len({one.request_id, two.request_id, one.inner.token, two.inner.token}) == 4
    assert active_requests.find(one.inner.token) is None


async def test_without_active_requests_draining_ends_at_once() -> None:
    active_requests = ActiveRequests()
    assert not active_requests.is_draining
    await active_requests.drain(within_s=10.0)
    assert active_requests.is_draining
    assert now() == 0.0


async def test_draining_waits_for_the_last_request() -> None:
    active_requests = ActiveRequests()
    with active_requests.open(route="r", total_s=1.0):
        with active_requests.open(route="r", total_s=1.0):
            draining = asyncio.create_task(active_requests.drain(within_s=10.0))
            await asyncio.sleep(2.0)
            assert active_requests.is_draining
        await asyncio.sleep(2.0)
        assert not draining.done()
    await draining
    assert now() == 4.0


async def test_a_request_that_fails_is_not_active_any_more() -> None:
    active_requests = ActiveRequests()
    with pytest.raises(RuntimeError), active_requests.open(route="r", total_s=1.0):
        raise RuntimeError
    await active_requests.drain(within_s=10.0)
    assert now() == 0.0


async def test_draining_is_limited_in_time() -> None:
    active_requests = ActiveRequests()
    with active_requests.open(route="r", total_s=1.0):
        await active_requests.drain(within_s=10.0)
    assert now() == 10.0

"""Tokens of the managed identity: in the background, before the old one expires, and whatever the platform does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.runtime.context import now
from gateway.runtime.retries import TokenUnavailableError
from gateway.runtime.upstream.managed_identity import ManagedIdentity

from .fake_platform import CLIENT_ID, DAY_S, SCOPE, FakePlatform, HttpError

pytestmark = pytest.mark.anyio


@pytest.fixture
def platform(request: pytest.FixtureRequest) -> FakePlatform:
    """The identity endpoint; the identity asks it before the test begins."""
    return FakePlatform(**getattr(request, "param", {}))


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """What was logged."""
    return []


@pytest.fixture
async def identity(platform: FakePlatform, events: list[dict[str, Any]]) -> AsyncIterator[ManagedIdentity]:
    """The identity of a gateway that has just started."""
    identity = ManagedIdentity(client_id=CLIENT_ID, scope=SCOPE, log_event=events.append, request_token=platform)
    yield identity
    await identity.close()


@pytest.mark.parametrize("platform", [{"takes_s": 3.0}], indirect=True)
async def test_the_first_requests_wait_for_one_token_together(
    identity: ManagedIdentity, platform: FakePlatform
) -> None:
    tokens = await asyncio.gather(*(identity.token() for _ in range(50)))
    assert (set(tokens), platform.asked_at) == ({"token 1"}, [0.0])
    assert now() == pytest.approx(3.0)


async def test_a_token_is_replaced_when_half_of_its_time_has_passed(
    identity: ManagedIdentity, platform: FakePlatform
) -> None:
    assert await identity.token() == "token 1"
    await asyncio.sleep(DAY_S / 2 - 60)
    assert (await identity.token(), len(platform.asked_at)) == ("token 1", 1)
    await asyncio.sleep(120)
    assert (await identity.token(), len(platform.asked_at)) == ("token 2", 2)


@pytest.mark.parametrize("platform", [{"refresh_s": 600}], indirect=True)
@pytest.mark.usefixtures("identity")
async def test_or_earlier_when_the_platform_says_so(platform: FakePlatform) -> None:
    await asyncio.sleep(3500)
    assert platform.asked_at == pytest.approx([0, 600, 1200, 1800, 2400, 3000], abs=1)


@pytest.mark.usefixtures("identity")
@pytest.mark.parametrize("platform", [{"ends_at": DAY_S}], indirect=True)
async def test_a_platform_that_keeps_the_same_token_is_not_asked_all_the_time(platform: FakePlatform) -> None:
    await asyncio.sleep(DAY_S - 60)
    assert 5 < len(platform.asked_at) < 15


async def test_no_request_waits_while_a_refresh_is_slow(identity: ManagedIdentity, platform: FakePlatform) -> None:
    await identity.token()
    platform.takes_s = 9.0
    await asyncio.sleep(DAY_S / 2 + 1)
    started = now()
    assert (await identity.token(), now(), len(platform.asked_at)) == ("token 1", started, 2)
    await asyncio.sleep(9)
    assert await identity.token() == "token 2"


@pytest.mark.parametrize(
    ("failure", "reason", "status"), [(HttpError(), "HttpError", 500), (OSError(), "OSError", None)]
)
async def test_failures_are_retried_with_back_off_while_the_old_token_lives(
    identity: ManagedIdentity,
    platform: FakePlatform,
    events: list[dict[str, Any]],
    failure: Exception,
    reason: str,
    status: int | None,
) -> None:
    await identity.token()
    platform.failure = failure
    await asyncio.sleep(DAY_S / 2 + 300)
    assert await identity.token() == "token 1"
    pauses = [
        round(later - earlier) for earlier, later in zip(platform.asked_at[1:], platform.asked_at[2:], strict=False)
    ]
    assert pauses[:7] == [1, 2, 4, 8, 16, 30, 30]
    assert len(events) == len(platform.asked_at) - 1 < 20
    assert {tuple(event.items()) for event in events} == {
        (("event", "managed_identity_failed"), ("scope", SCOPE), ("reason", reason), ("status", status))
    }
    platform.failure = None
    await asyncio.sleep(31)
    assert (await identity.token())[:6] == "token "
    assert await identity.token() != "token 1"
    assert len(platform.asked_at) == len(events) + 2


@pytest.mark.parametrize("platform", [{"failure": HttpError()}], indirect=True)
async def test_without_a_token_requests_fail_within_seconds_and_later_ones_at_once(
    identity: ManagedIdentity, platform: FakePlatform
) -> None:
    with pytest.raises(TokenUnavailableError) as first:
        await identity.token()
    assert now() == pytest.approx(5.0)
    assert first.value.status == 503
    assert first.value.retry_after_s == pytest.approx(2.0)  # asked at 0, 1 and 3, next at 7
    with pytest.raises(TokenUnavailableError):
        await identity.token()
    assert now() == pytest.approx(5.0)
    platform.failure = None
    await asyncio.sleep(2.1)
    assert await identity.token() == "token 4"


@pytest.mark.parametrize("platform", [{"failure": OSError()}], indirect=True)
async def test_an_endpoint_that_comes_up_a_little_later_fails_no_request(
    identity: ManagedIdentity, platform: FakePlatform
) -> None:
    waiting = asyncio.create_task(identity.token())
    await asyncio.sleep(2.0)
    platform.failure = None
    assert await waiting == "token 3"
    assert now() == pytest.approx(3.0)


@pytest.mark.parametrize("platform", [{"takes_s": 3.0}], indirect=True)
async def test_a_wait_ends_at_the_deadline_of_the_request(identity: ManagedIdentity) -> None:
    with pytest.raises(TokenUnavailableError):
        await identity.token(deadline=1.0)
    assert now() == pytest.approx(1.0)


@pytest.mark.parametrize("platform", [{"takes_s": 1000.0}], indirect=True)
async def test_a_platform_that_does_not_answer_is_asked_again(
    identity: ManagedIdentity, platform: FakePlatform, events: list[dict[str, Any]]
) -> None:
    await asyncio.sleep(10.5)
    platform.takes_s = 0.0
    await asyncio.sleep(1.0)
    assert await identity.token() == "token 2"
    assert [(event["reason"], event["status"]) for event in events] == [("TimeoutError", None)]


@pytest.mark.parametrize("platform", [{"lives_s": -1.0}], indirect=True)
async def test_an_expired_token_of_the_platform_is_a_failure(
    identity: ManagedIdentity, events: list[dict[str, Any]]
) -> None:
    with pytest.raises(TokenUnavailableError):
        await identity.token()
    assert {event["reason"] for event in events} == {"ExpiredTokenError"}


async def test_the_last_token_is_used_until_shortly_before_it_expires(
    identity: ManagedIdentity, platform: FakePlatform
) -> None:
    await identity.token()
    platform.failure = OSError()
    await asyncio.sleep(DAY_S - 7)
    assert await identity.token() == "token 1"
    await asyncio.sleep(4)
    with pytest.raises(TokenUnavailableError):
        await identity.token()
    assert now() == pytest.approx(DAY_S, abs=1)


async def test_a_rejected_token_is_replaced_once_for_all(identity: ManagedIdentity, platform: FakePlatform) -> None:
    rejected = await identity.token()
    platform.takes_s = 1.0
    tokens = await asyncio.gather(*(identity.replace(rejected, deadline=10) for _ in range(50)))
    assert (set(tokens), len(platform.asked_at)) == ({"token 2"}, 2)
    assert await identity.replace(rejected, deadline=10) == "token 2"
    assert len(platform.asked_at) == 2


async def test_tokens_that_are_all_rejected_are_requested_twice_a_minute(
    identity: ManagedIdentity, platform: FakePlatform
) -> None:
    for _ in range(600):
        await identity.replace(await identity.token(), deadline=now() + 10)
        await asyncio.sleep(0.1)
    assert len(platform.asked_at) == 3


async def test_a_rejected_token_stays_when_the_platform_fails(
    identity: ManagedIdentity, platform: FakePlatform
) -> None:
    rejected = await identity.token()
    platform.failure = HttpError()
    assert await identity.replace(rejected, deadline=10) is None
    assert (await identity.token(), now()) == (rejected, 0.0)


async def test_a_token_is_in_no_text(platform: FakePlatform) -> None:
    assert "token" not in repr(await platform(CLIENT_ID, SCOPE)).lower().replace("accesstoken", "")

"""Requests without a valid key: refused, counted by address, and in the log as numbers."""

import asyncio
from dataclasses import replace

import pytest

from gateway.runtime.configuration import Configuration
from gateway.runtime.http.unauthenticated import UnauthenticatedRequests
from settings.limits import Limits

from ..builders import EMBEDDING
from ..conftest import BEARER, FakeUpstream, json_answer, open_gateway_for, read_log

pytestmark = pytest.mark.anyio
WRONG = {"authorization": "Bearer wrong"}
Requests = list[tuple[str, str, dict[str, str]]]
Events = list[dict[str, object]]


def counting(per_minute: int = 3) -> tuple[UnauthenticatedRequests, Events]:
    events: Events = []
    return UnauthenticatedRequests(per_minute=per_minute, log_event=events.append), events


async def test_above_its_number_an_address_has_to_wait_for_the_end_of_the_minute() -> None:
    requests, _ = counting()
    seen = []
    for _ in range(5):
        requests.count("203.0.113.9")
        seen.append(requests.retry_after_s("203.0.113.9"))
        await asyncio.sleep(10.0)
    assert seen == [None, None, None, 30.0, 20.0]
    requests.count("203.0.113.10")
    assert requests.retry_after_s("203.0.113.10") is None
    await asyncio.sleep(15.0)
    requests.count("203.0.113.9")
    assert requests.retry_after_s("203.0.113.9") is None


async def test_the_log_has_the_first_of_an_address_and_then_a_number_a_minute() -> None:
    requests, events = counting()
    assert [requests.count("203.0.113.9") for _ in range(1000)] == [True] + [False] * 999
    assert requests.count("203.0.113.10")
    assert events == []
    await asyncio.sleep(61.0)
    expected: Events = [{"event": "unauthenticated_requests", "client_address": "203.0.113.9", "count": 1000}]
    assert events == expected
    await asyncio.sleep(600.0)
    assert events == expected
    assert requests.count("203.0.113.9")


async def test_an_ipv6_network_is_one_address() -> None:
    requests, events = counting()
    lines = [requests.count(f"2001:db8::{number:x}") for number in range(1, 100)]
    assert sum(lines) == 1
    requests.end_minute()
    assert events == [{"event": "unauthenticated_requests", "client_address": "2001:db8::/64", "count": 99}]


async def test_many_addresses_have_few_lines_and_little_memory() -> None:
    requests, events = counting(per_minute=10)
    lines = sum(requests.count(f"10.{a}.{b}.{c}") for c in (1, 2) for a in range(100) for b in range(250))
    lines += sum(requests.count("10.0.0.1") for _ in range(5))
    assert lines == 20
    assert requests.retry_after_s("10.0.0.1") is None
    assert requests.retry_after_s("10.99.249.2") is not None  # too many for one number each
    assert len(vars(requests)["_counts"]) <= 10_001
    requests.end_minute()
    assert events == [
        {"event": "unauthenticated_requests", "client_address": "10.0.0.1", "count": 6},
        {"event": "unauthenticated_requests", "client_address": None, "count": 50_005 - 6 - 19},
    ]


async def ask_without_key(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream, requests: Requests
) -> list[tuple[int, str]]:
    """Return status and code of each answer, from a gateway that answers three an address with 401."""
    configuration = replace(configuration, limits=Limits(unauthenticated_per_minute=3))
    answers = []
    async with open_gateway_for(configuration, [azure], litellm) as client:
        for method, path, headers in requests:
            response = await client.request(method, path, data=b"x" * 100, headers=headers)
            assert response.headers["server"] == "gateway"
            assert response.headers["x-request-id"]
            answers.append((response.status, (await response.json())["error"]["code"]))
    return answers


async def test_unknown_routes_and_wrong_keys_count_together(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream
) -> None:
    requests = [("GET", "/.env", {}), ("POST", "/v1/responses", WRONG), ("GET", "/v1/models", {}), ("GET", "/x", WRONG)]
    assert await ask_without_key(configuration, azure, litellm, requests) == [
        (404, "not_found"),
        (401, "invalid_api_key"),
        (401, "invalid_api_key"),
        (429, "too_many_unauthenticated_requests"),
    ]


async def test_the_lines_name_the_address_and_nothing_that_the_client_has_chosen(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"x-forwarded-for": "canary, 203.0.113.9", "x-request-id": "canary"}
    await ask_without_key(configuration, azure, litellm, [("POST", "/v1/embeddings", headers)] * 5)
    lines = [{**line, "time": ""} for line in read_log(capsys)]
    assert "canary" not in str(lines)
    first, last = lines
    assert (first["route"], first["status"], first["error"]) == ("embeddings", 401, "invalid_api_key")
    assert (first["project"], first["client_address"]) == (None, "203.0.113.9")
    # The gateway has ended before the minute.
    assert last == {"time": "", "event": "unauthenticated_requests", "client_address": "203.0.113.9", "count": 5}


async def test_a_valid_key_from_the_same_address_is_never_affected(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream
) -> None:
    azure.answers(json_answer())
    configuration = replace(configuration, limits=Limits(unauthenticated_per_minute=3))
    async with open_gateway_for(configuration, [azure], litellm) as client:
        for _ in range(10):
            await client.post("/v1/embeddings", headers=WRONG)
        body = {"model": EMBEDDING, "input": "hi"}
        for _ in range(10):
            assert (await client.post("/v1/embeddings", json=body, headers=BEARER)).status == 200


@pytest.mark.parametrize(("is_logged", "address"), [(False, None), (True, "203.0.113.9")])
async def test_requests_with_a_key_are_logged_with_the_address_if_the_settings_say_so(
    configuration: Configuration,
    azure: FakeUpstream,
    litellm: FakeUpstream,
    capsys: pytest.CaptureFixture[str],
    *,
    is_logged: bool,
    address: str | None,
) -> None:
    azure.answers(json_answer())
    configuration = replace(configuration, log_client_address=is_logged)
    async with open_gateway_for(configuration, [azure], litellm) as client:
        headers = {**BEARER, "x-forwarded-for": "203.0.113.9"}
        await client.post("/v1/embeddings", json={"model": EMBEDDING, "input": "hi"}, headers=headers)
    (line,) = read_log(capsys)
    assert (line["status"], line["client_address"]) == (200, address)


async def test_what_is_no_http_counts_like_a_request_without_a_key(
    configuration: Configuration, azure: FakeUpstream, litellm: FakeUpstream, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_gateway_for(configuration, [azure], litellm) as client:
        for _ in range(5):
            reader, writer = await asyncio.open_connection(client.host, client.port)
            writer.write(b"canary\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.0 400")
            writer.close()
    first, last = read_log(capsys)
    assert (first["event"], first["client_address"]) == ("request_failed", "127.0.0.1")
    assert (last["event"], last["count"]) == ("unauthenticated_requests", 5)

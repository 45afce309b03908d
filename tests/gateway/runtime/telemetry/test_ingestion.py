"""What is sent to the ingestion endpoint, and what its answers mean."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.runtime.retries import RetryableError
from gateway.runtime.telemetry.envelopes import Envelope
from gateway.runtime.telemetry.ingestion import ConnectionString, Ingestion, Outcome, parse_connection_string

from ..conftest import FakeUpstream, abort, hang, json_answer, listening, text_answer

pytestmark = pytest.mark.anyio
ITEMS: list[Envelope] = [{"name": "one"}, {"name": "two"}, {"name": "three"}]
KEY = "2d2f0a5c-6c9f-4c4e-8d42-0d6f0b6f6f10"
PUBLIC = "https://monitor.azure.com/.default"
GOVERNMENT = (
    f"InstrumentationKey={KEY};EndpointSuffix=applicationinsights.us;IngestionEndpoint="
    "https://usgovvirginia-1.in.applicationinsights.azure.us/;AADAudience=https://monitor.azure.us/;ApplicationId=a"
)


async def token() -> str:
    return "the-token"


@pytest.fixture
def endpoint() -> FakeUpstream:
    return FakeUpstream()


@pytest.fixture
async def ingestion(endpoint: FakeUpstream) -> AsyncIterator[Ingestion]:
    """The client of the endpoint."""
    async with listening(endpoint) as (url,), aiohttp.ClientSession() as session:
        yield Ingestion(endpoint=f"{url}/", session=session, token=token)


@pytest.mark.parametrize(
    ("text", "endpoint", "scope"),
    [
        (f"InstrumentationKey={KEY};IngestionEndpoint=https://e/", "https://e/", PUBLIC),
        (f" instrumentationkey = {KEY} ; INGESTIONENDPOINT=https://e;LiveEndpoint=https://l/", "https://e/", PUBLIC),
        (f"InstrumentationKey={KEY}", "https://dc.services.visualstudio.com/", PUBLIC),
        (GOVERNMENT, "https://usgovvirginia-1.in.applicationinsights.azure.us/", "https://monitor.azure.us//.default"),
    ],
)
def test_a_connection_string(text: str, endpoint: str, scope: str) -> None:
    found = ConnectionString(instrumentation_key=KEY, ingestion_endpoint=endpoint, scope=scope)
    assert parse_connection_string(text) == found


@pytest.mark.parametrize("text", ["", "InstrumentationKey=;IngestionEndpoint=https://e/", KEY])
def test_a_connection_string_without_a_key_is_an_error_that_does_not_show_it(text: str) -> None:
    with pytest.raises(ValueError, match="no InstrumentationKey") as error:
        parse_connection_string(text)
    assert KEY not in str(error.value)


async def test_items_are_sent_as_compressed_json_with_the_token(ingestion: Ingestion, endpoint: FakeUpstream) -> None:
    endpoint.answers(json_answer(200, {"itemsReceived": 3, "itemsAccepted": 3, "errors": []}))
    assert await ingestion.send(ITEMS) == Outcome()
    (request,) = endpoint.requests
    assert (request.method, request.path_qs) == ("POST", "/v2.1/track")
    assert request.headers["authorization"] == "Bearer the-token"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-encoding"] == "gzip"
    assert json.loads(endpoint.bodies[0]) == ITEMS  # the server has decompressed it


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 502, 503, 504])
async def test_these_statuses_may_change(ingestion: Ingestion, endpoint: FakeUpstream, status: int) -> None:
    endpoint.answers(json_answer(status, {}, retry_after="7"))
    assert await ingestion.send(ITEMS) == Outcome(unsent=ITEMS, reason=str(status), retry_after_s=7.0)


@pytest.mark.parametrize("status", [400, 402, 404, 413, 439])
async def test_these_do_not_change_soon(ingestion: Ingestion, endpoint: FakeUpstream, status: int) -> None:
    endpoint.answers(json_answer(status, {}))
    assert await ingestion.send(ITEMS) == Outcome(rejected=Counter({str(status): 3}))


@pytest.mark.parametrize(
    ("script", "reason"), [(abort, "ServerDisconnectedError"), (hang, "TimeoutError")], ids=["broken", "late"]
)
async def test_a_call_that_breaks_or_hangs(
    ingestion: Ingestion, endpoint: FakeUpstream, script: Callable[[web.Request], Awaitable[Any]], reason: str
) -> None:
    endpoint.answers(script)
    outcome = await ingestion.send(ITEMS)
    assert (outcome.unsent, outcome.rejected) == (ITEMS, Counter())
    assert reason in outcome.reason


async def test_without_a_token_nothing_is_sent(endpoint: FakeUpstream) -> None:
    async def no_token() -> str:
        raise RetryableError(503, "no token")

    async with listening(endpoint) as (url,), aiohttp.ClientSession() as session:
        outcome = await Ingestion(endpoint=f"{url}/", session=session, token=no_token).send(ITEMS)
    assert outcome == Outcome(unsent=ITEMS, reason="RetryableError")
    assert endpoint.requests == []


async def test_of_a_partial_success_the_rest_is_sent_again_or_rejected(
    ingestion: Ingestion, endpoint: FakeUpstream
) -> None:
    errors = [{"index": 0, "statusCode": 400, "message": "m"}, {"index": 2, "statusCode": 500, "message": "m"}]
    endpoint.answers(json_answer(206, {"itemsReceived": 3, "itemsAccepted": 1, "errors": errors}))
    assert await ingestion.send(ITEMS) == Outcome(unsent=[ITEMS[2]], reason="500", rejected=Counter({"400": 1}))


@pytest.mark.parametrize("body", ["{", "[]", '{"errors": 1}', '{"errors": [{"index": 9, "statusCode": 500}]}'])
async def test_a_partial_success_that_nobody_understands_is_one(
    ingestion: Ingestion, endpoint: FakeUpstream, body: str
) -> None:
    endpoint.answers(text_answer(body, status=206))
    outcome = await ingestion.send(ITEMS)
    assert (list(outcome.unsent), outcome.rejected) == ([], Counter())


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_is_followed_and_remembered(ingestion: Ingestion, endpoint: FakeUpstream, status: int) -> None:
    endpoint.answers(json_answer(status, {}, location="/elsewhere"), json_answer(200, {}))
    assert await ingestion.send(ITEMS) == Outcome()
    assert await ingestion.send(ITEMS) == Outcome()
    assert [request.path for request in endpoint.requests] == ["/v2.1/track", "/elsewhere", "/elsewhere"]


async def test_after_a_failure_the_first_endpoint_is_called_again(ingestion: Ingestion, endpoint: FakeUpstream) -> None:
    endpoint.answers(json_answer(308, {}, location="/elsewhere"), abort, json_answer(200, {}))
    assert (await ingestion.send(ITEMS)).unsent == ITEMS
    assert await ingestion.send(ITEMS) == Outcome()
    assert [request.path for request in endpoint.requests] == ["/v2.1/track", "/elsewhere", "/v2.1/track"]


async def test_a_redirect_that_is_no_address_is_a_failure(ingestion: Ingestion, endpoint: FakeUpstream) -> None:
    endpoint.answers(json_answer(308, {}, location="http://[/"))
    assert await ingestion.send(ITEMS) == Outcome(unsent=ITEMS, reason="ValueError")


@pytest.mark.parametrize("location", ["http://127.0.0.2:9/v2.1/track", "https://evil.example/", "ftp://x", ""])
async def test_the_token_goes_nowhere_else(ingestion: Ingestion, endpoint: FakeUpstream, location: str) -> None:
    endpoint.answers(json_answer(308, {}, location=location))
    assert await ingestion.send(ITEMS) == Outcome(unsent=ITEMS, reason="redirect")
    assert {request.path for request in endpoint.requests} == {"/v2.1/track"}

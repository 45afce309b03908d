"""How the gateway authenticates to Azure, and what clients and operators learn of a refusal."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from gateway.runtime.access_log import log_event
from gateway.runtime.configuration import Configuration
from gateway.runtime.context import now
from gateway.runtime.upstream.managed_identity import ManagedIdentity

from ..builders import CHAT, CODEX, EMBEDDING, REGIONS, build_models, build_upstream
from ..conftest import (
    BEARER,
    Client,
    FakeUpstream,
    Script,
    json_answer,
    listening,
    open_gateway,
    read_log,
    read_request_line,
    stream_answer,
    text_answer,
)
from .fake_platform import CLIENT_ID, SCOPE, FakePlatform, HttpError

pytestmark = pytest.mark.anyio
Three = tuple[FakeUpstream, FakeUpstream, FakeUpstream]
RESPONSE = {"model": CODEX, "input": "hi"}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/responses": RESPONSE,
    "/v1/responses/compact": RESPONSE,
    "/v1/chat/completions": {"model": CHAT, "messages": [{"role": "user", "content": "hi"}]},
    "/v1/embeddings": {"model": EMBEDDING, "input": "hi"},
}
REJECTED = json_answer(401, {"statusCode": 401, "message": "Unauthorized. Access token is missing, invalid, ..."})
ROLE_MISSING = json_answer(401, {"error": {"code": "PermissionDenied", "message": "The principal `1` lacks ..."}})
KEYS_DISABLED = json_answer(403, {"error": {"code": "AuthenticationTypeDisabled", "message": "Key based ..."}})
WRONG_KEY = json_answer(401, {"error": {"code": "401", "message": "Access denied due to invalid subscription key"}})
WRONG_TENANT = json_answer(400, {"error": {"code": "Tenant provided in token does not match resource token"}})
FIREWALL = text_answer("<html>no</html>", status=403, content_type="text/html")
COMPLETED = 'event: response.completed\ndata: {"type":"response.completed","sequence_number":5}\n\n'


@pytest.fixture
def platform(request: pytest.FixtureRequest) -> FakePlatform:
    """Issues the tokens."""
    return FakePlatform(**getattr(request, "param", {}))


@asynccontextmanager
async def open_keyless(
    configuration: Configuration, regions: Three, platform: FakePlatform, *, keyed: str = ""
) -> AsyncIterator[Client]:
    """A client of a gateway in front of three regions without keys, but for the one that is `keyed`."""
    async with listening(*regions) as urls:
        upstreams = [build_upstream(region, url) for region, url in zip(REGIONS, urls, strict=True)]
        keyless = [upstream if upstream.name == keyed else replace(upstream, key=None) for upstream in upstreams]
        identity = ManagedIdentity(client_id=CLIENT_ID, scope=SCOPE, log_event=log_event, request_token=platform)
        configuration = replace(configuration, models=build_models(*keyless))
        async with open_gateway(configuration, identity=identity) as client:
            yield client
        await identity.close()


@pytest.fixture
async def client(configuration: Configuration, regions: Three, platform: FakePlatform) -> AsyncIterator[Client]:
    """A client of a gateway without keys."""
    async with open_keyless(configuration, regions, platform) as client:
        yield client


def counts(regions: Three) -> list[int]:
    """How many requests each region got."""
    return [len(region.requests) for region in regions]


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The events since the last call."""
    lines = [line for line in read_log(capsys) if "event" in line]
    return [{name: value for name, value in line.items() if name != "time"} for line in lines]


@pytest.mark.parametrize("path", BODIES)
async def test_a_region_without_a_key_gets_the_token(client: Client, regions: Three, path: str) -> None:
    regions[0].answers(json_answer())
    assert (await client.post(path, json=BODIES[path], headers=BEARER)).status == 200
    (request,) = regions[0].requests
    assert request.headers["authorization"] == "Bearer token 1"
    assert "api-key" not in request.headers


async def test_so_does_every_question_about_a_stored_response(client: Client, regions: Three) -> None:
    for region in regions:
        region.answers(json_answer(404))
    assert (await client.get("/v1/responses/resp_1", headers=BEARER)).status == 404
    assert [request.headers["authorization"] for region in regions for request in region.requests] == [
        "Bearer token 1"
    ] * 3


@pytest.mark.parametrize("platform", [{"failure": HttpError()}], indirect=True)
@pytest.mark.parametrize("path", BODIES)
async def test_without_a_token_the_client_gets_503_soon_and_no_breaker_opens(
    client: Client, regions: Three, platform: FakePlatform, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    for region in regions:
        region.answers(json_answer())
    platform.failure = HttpError()
    for limit_s in (5.1, 5.1, 0.01, 0.01):
        started = now()
        response = await client.post(path, json=BODIES[path], headers=BEARER)
        assert now() - started < limit_s
        assert (response.status, (await response.json())["error"]["code"]) == (503, "managed_identity_unavailable")
        assert 1 <= int(response.headers["retry-after"]) <= 30
        await asyncio.sleep(2)
    assert counts(regions) == [0, 0, 0]
    assert {event["event"] for event in events(capsys)} == {"managed_identity_failed"}
    platform.failure = None
    await asyncio.sleep(30)
    assert (await client.post(path, json=BODIES[path], headers=BEARER)).status == 200
    assert counts(regions) == [1, 0, 0]


@pytest.mark.parametrize("platform", [{"failure": HttpError()}], indirect=True)
async def test_the_wait_for_a_token_is_not_taken_from_the_regions_time(
    client: Client, regions: Three, platform: FakePlatform
) -> None:
    regions[0].answers(stream_answer(0.3, COMPLETED))
    await asyncio.sleep(0.6)
    platform.failure = None
    started = now()
    response = await client.post("/v1/responses", json=RESPONSE | {"stream": True}, headers=BEARER)
    assert await response.text() == COMPLETED
    assert now() - started > 0.6  # first_event_s is 0.5
    assert counts(regions) == [1, 0, 0]


@pytest.mark.parametrize("platform", [{"failure": HttpError()}], indirect=True)
async def test_without_a_token_a_region_with_a_key_answers(
    configuration: Configuration, regions: Three, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    regions[2].answers(json_answer())
    async with open_keyless(configuration, regions, platform, keyed="third") as client:
        await asyncio.sleep(5)
        assert (await client.post("/v1/responses", json=RESPONSE, headers=BEARER)).status == 200
    assert counts(regions) == [0, 0, 1]
    attempts = read_request_line(capsys)["attempts"]
    assert [(attempt["upstream"], attempt["status"], attempt.get("reason")) for attempt in attempts] == [
        ("first", 503, "no token"),
        ("second", 503, "no token"),
        ("third", 200, None),
    ]


@pytest.mark.parametrize("platform", [{"failure": HttpError()}], indirect=True)
async def test_without_a_token_the_only_region_is_not_tried_again(
    configuration: Configuration, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    models = build_models(replace(build_upstream("first"), key=None))
    identity = ManagedIdentity(client_id=CLIENT_ID, scope=SCOPE, log_event=log_event, request_token=platform)
    async with open_gateway(replace(configuration, models=models), identity=identity) as client:
        await asyncio.sleep(6.5)  # asked at 0, 1 and 3, next at 7
        started = now()
        response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
        assert now() - started < 0.01
        assert (response.status, (await response.json())["error"]["code"]) == (503, "managed_identity_unavailable")
    assert len(read_request_line(capsys)["attempts"]) == 1
    await identity.close()


async def test_a_refusal_of_the_gateway_is_kept_from_who_reads_a_stored_response(
    client: Client, regions: Three, capsys: pytest.CaptureFixture[str]
) -> None:
    regions[0].answers(json_answer(body={"id": "resp_1", "object": "response"}), ROLE_MISSING)
    await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    response = await client.get("/v1/responses/resp_1", headers=BEARER)
    assert (response.status, (await response.json())["error"]["code"]) == (502, "upstream_authentication_failed")
    assert [event["event"] for event in events(capsys)] == ["role_missing"]


@pytest.mark.parametrize("platform", [{"failure": HttpError()}], indirect=True)
async def test_without_a_token_a_stored_response_is_503(client: Client, platform: FakePlatform) -> None:
    del platform
    response = await client.get("/v1/responses/resp_1", headers=BEARER)
    assert (response.status, response.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize(
    ("answer", "stream"), [(json_answer(), False), (stream_answer(COMPLETED), True)], ids=["whole", "stream"]
)
async def test_a_rejected_token_is_replaced_and_the_same_region_answers(
    client: Client,
    regions: Three,
    capsys: pytest.CaptureFixture[str],
    answer: Script,
    stream: bool,  # noqa: FBT001
) -> None:
    regions[0].answers(REJECTED, answer)
    for _ in range(2):
        response = await client.post("/v1/responses", json=RESPONSE | {"stream": stream}, headers=BEARER)
        assert response.status == 200
        await response.read()
    tokens = [request.headers["authorization"] for request in regions[0].requests]
    assert tokens == ["Bearer token 1", "Bearer token 2", "Bearer token 2"]
    assert regions[0].bodies[0] == regions[0].bodies[1]
    assert counts(regions) == [3, 0, 0]
    lines = read_log(capsys)
    assert [len(line["attempts"]) for line in lines] == [1, 1]


@pytest.mark.parametrize(
    ("refusal", "asked", "status", "code"),
    [
        (REJECTED, 2, 401, None),
        (FIREWALL, 1, 403, None),
        (WRONG_TENANT, 1, 400, "Tenant provided in token does not match resource token"),
    ],
)
async def test_a_refused_identity_is_no_matter_of_the_client(
    client: Client,
    regions: Three,
    capsys: pytest.CaptureFixture[str],
    refusal: Script,
    asked: int,
    status: int,
    code: str | None,
) -> None:
    regions[0].answers(refusal)
    response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert (response.status, (await response.json())["error"]["code"]) == (502, "upstream_authentication_failed")
    assert counts(regions) == [asked, 0, 0]
    event, line = read_log(capsys)
    assert (event["event"], event["upstream"]) == ("upstream_authentication_failed", "first")
    assert (event["status"], event["code"]) == (status, code)
    assert [attempt["status"] for attempt in line["attempts"]] == [status]
    assert (line["status"], line["error"]) == (502, "upstream_authentication_failed")


async def test_a_missing_role_is_named_to_the_operator_alone_once_a_minute(
    client: Client, regions: Three, capsys: pytest.CaptureFixture[str]
) -> None:
    regions[0].answers(ROLE_MISSING)
    for path, body in BODIES.items():
        response = await client.post(path, json=body, headers=BEARER)
        assert response.status == 502
        assert "role" not in (await response.text()).lower()
    assert counts(regions) == [4, 0, 0]
    role = "Cognitive Services OpenAI User"
    missing = {"event": "role_missing", "upstream": "first", "account": "127", "role": role}
    assert events(capsys) == [missing]
    await asyncio.sleep(61)
    for _ in range(2):
        await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert events(capsys) == [missing]


@pytest.mark.parametrize(("refusal", "code"), [(WRONG_KEY, "401"), (KEYS_DISABLED, "AuthenticationTypeDisabled")])
async def test_a_refused_key_is_no_matter_of_the_client_either(
    configuration: Configuration,
    regions: Three,
    platform: FakePlatform,
    capsys: pytest.CaptureFixture[str],
    refusal: Script,
    code: str,
) -> None:
    regions[0].answers(refusal)
    async with open_keyless(configuration, regions, platform, keyed="first") as client:
        response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
        body = await response.json()
    assert (response.status, body["error"]["code"]) == (502, "upstream_authentication_failed")
    assert counts(regions) == [1, 0, 0]
    (event,) = events(capsys)
    assert (event["event"], event["code"]) == ("upstream_authentication_failed", code)


async def test_another_400_is_the_clients(client: Client, regions: Three) -> None:
    refusal = {"error": {"code": "invalid_value", "message": "m"}}
    regions[0].answers(json_answer(400, refusal))
    response = await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert (response.status, await response.json()) == (400, refusal)


async def test_no_token_is_logged(
    client: Client, regions: Three, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    regions[0].answers(REJECTED, ROLE_MISSING)
    platform.failure = HttpError("token 1")
    await client.post("/v1/responses", json=RESPONSE, headers=BEARER)
    assert "token" not in json.dumps(read_log(capsys)).replace("tokens", "")

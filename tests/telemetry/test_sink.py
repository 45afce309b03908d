"""The ingestion endpoint on this machine: what it accepts and refuses, and its faults."""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from local.telemetry.authentication import Authentication
from local.telemetry.control_plane import control_plane_app
from local.telemetry.sink import PATH, Sink
from local.tokens import TENANT_ID, Claims, principal_of, sign
from tests.emulator.process import ROOT

CLIENT_ID, SIGNING_KEY = "c11e9701-0000-4000-8000-000000000001", "signing"
METRIC: dict[str, Any] = {
    "ver": 1,
    "name": "Microsoft.ApplicationInsights.Metric",
    "time": "now",
    "sampleRate": 100.0,
    "iKey": "2d2f0a5c-6c9f-4c4e-8d42-0d6f0b6f6f10",
    "tags": {"ai.cloud.role": "app", "ai.cloud.roleInstance": "replica"},
    "data": {
        "baseType": "MetricData",
        "baseData": {
            "ver": 2,
            "metrics": [{"name": "m", "kind": "Aggregation", "value": 3.0, "count": 2, "min": 1.0, "max": 2.0}],
            "properties": {"project": "team"},
        },
    },
}
TRACE_TAGS = {**METRIC["tags"], "ai.operation.id": "1" * 32, "ai.operation.name": "responses"}
REQUEST: dict[str, Any] = {
    **METRIC,
    "name": "Microsoft.ApplicationInsights.Request",
    "tags": TRACE_TAGS,
    "data": {
        "baseType": "RequestData",
        "baseData": {
            "ver": 2,
            "id": "2" * 16,
            "name": "responses",
            "duration": "0.00:00:01.5000000",
            "responseCode": "200",
            "success": True,
        },
    },
}
DEPENDENCY: dict[str, Any] = {
    **METRIC,
    "name": "Microsoft.ApplicationInsights.RemoteDependency",
    "tags": {**TRACE_TAGS, "ai.operation.parentId": "2" * 16},
    "data": {
        "baseType": "RemoteDependencyData",
        "baseData": {
            "ver": 2,
            "id": "3" * 16,
            "name": "codex",
            "type": "Azure OpenAI",
            "target": "first",
            "duration": "0.00:00:00.5000000",
            "resultCode": "429",
            "success": False,
        },
    },
}
BASE = ("data", "baseData")
POINT = (*BASE, "metrics", 0)


def timed(item: dict[str, Any], *, ago: timedelta = timedelta()) -> dict[str, Any]:
    return {**item, "time": (datetime.now(UTC) - ago).isoformat().replace("+00:00", "Z")}


def changed(item: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """The item with another value there; None removes it."""
    copy = deepcopy(timed(item))
    where: Any = copy
    for name in path[:-1]:
        where = where[name]
    if value is None:
        del where[path[-1]]
    else:
        where[path[-1]] = value
    return copy


def bearer(**changes: Any) -> dict[str, str]:  # noqa: ANN401
    now = int(time.time())
    known = {"aud": "https://monitor.azure.com", "oid": principal_of(CLIENT_ID), "exp": now + 86_400}
    claims = Claims(**{"appid": CLIENT_ID, "tid": TENANT_ID, "iat": now, "nbf": now, **known, **changes})
    return {"authorization": f"Bearer {sign(claims, key=SIGNING_KEY)}"}


class Listener:
    """Takes note of what the control port wants of it."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    async def refuse(self, *, seconds: float | None) -> None:
        """Take note."""
        self.calls.append(seconds)

    async def accept(self) -> None:
        """Take note."""
        self.calls.append("accept")


@pytest.fixture
def sink() -> Sink:
    return Sink(check_token=Authentication(client_id=CLIENT_ID, signing_key=SIGNING_KEY).check)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def client(sink: Sink) -> Iterator[TestClient]:
    with TestClient(sink.app(), headers=bearer(), follow_redirects=False) as client:
        yield client


@pytest.fixture
def control(sink: Sink, listener: Listener) -> Iterator[TestClient]:
    with TestClient(control_plane_app(sink=sink, listener=listener)) as client:
        yield client


def track(client: TestClient, *items: object, **headers: str) -> Any:  # noqa: ANN401 - of the library that Starlette uses
    headers = {"content-type": "application/json", "content-encoding": "gzip", **headers}
    return client.post(PATH, content=gzip.compress(json.dumps(items).encode()), headers=headers)


def test_valid_items_are_kept(client: TestClient, control: TestClient) -> None:
    items = [timed(item) for item in (METRIC, REQUEST, DEPENDENCY)]
    answer = track(client, *items)
    assert (answer.status_code, answer.json()) == (200, {"itemsReceived": 3, "itemsAccepted": 3, "errors": []})
    assert control.get("/received").json() == {"items": items, "rejected": [], "statuses": [200]}
    control.delete("/received")
    assert control.get("/received").json() == {"items": [], "rejected": [], "statuses": []}


@pytest.mark.parametrize(
    "item",
    [
        changed(METRIC, ("unknown",), 1),
        changed(METRIC, ("ver",), "1"),
        changed(METRIC, ("name",), "Microsoft.ApplicationInsights.Request"),
        changed(METRIC, ("name",), None),
        changed(METRIC, ("time",), "2026-12-01 10:00:00"),
        changed(METRIC, ("time",), "2026-12-01T10:00:00+00:00"),
        timed(METRIC, ago=timedelta(hours=49)),
        timed(METRIC, ago=timedelta(hours=-1)),
        changed(METRIC, ("sampleRate",), 0),
        changed(METRIC, ("iKey",), "key"),
        changed(METRIC, ("tags",), TRACE_TAGS),
        changed(METRIC, ("tags", "ai.user.id"), "somebody"),
        changed(METRIC, ("tags", "ai.cloud.role"), "x" * 257),
        changed(METRIC, ("data", "baseType"), "RequestData"),
        changed(METRIC, (*BASE, "ver"), 1),
        changed(METRIC, (*BASE, "properties", "streaming"), True),  # noqa: FBT003
        changed(METRIC, (*BASE, "properties", "x" * 151), "x"),
        changed(METRIC, (*BASE, "properties", "x"), "x" * 8193),
        changed(METRIC, (*BASE, "metrics"), []),
        changed(METRIC, (*BASE, "metrics"), METRIC["data"]["baseData"]["metrics"] * 2),
        changed(METRIC, (*POINT, "kind"), "Measurement"),
        changed(METRIC, (*POINT, "value"), "3"),
        changed(METRIC, (*POINT, "value"), 9.0),
        changed(METRIC, (*POINT, "count"), 0),
        changed(METRIC, (*POINT, "count"), 2.5),
        changed(METRIC, (*POINT, "max"), None),
        changed(REQUEST, ("tags",), METRIC["tags"]),
        changed(REQUEST, ("tags", "ai.operation.id"), "1" * 31),
        changed(REQUEST, ("tags", "ai.operation.id"), "0" * 32),
        changed(REQUEST, ("tags", "ai.operation.id"), "A" * 32),
        changed(REQUEST, ("tags", "ai.operation.parentId"), "0" * 16),
        changed(REQUEST, (*BASE, "id"), "x"),
        changed(REQUEST, (*BASE, "duration"), "00:00:01.5"),
        changed(REQUEST, (*BASE, "duration"), "0.00:00:60.0000000"),
        changed(REQUEST, (*BASE, "responseCode"), 200),
        changed(REQUEST, (*BASE, "responseCode"), None),
        changed(REQUEST, (*BASE, "success"), "true"),
        changed(REQUEST, (*BASE, "resultCode"), "200"),
        changed(DEPENDENCY, ("tags",), TRACE_TAGS),
        changed(DEPENDENCY, (*BASE, "target"), "x" * 1025),
        changed(DEPENDENCY, (*BASE, "responseCode"), "200"),
        "no item",
        [],
    ],
)
def test_whatever_the_format_does_not_have_is_rejected(client: TestClient, sink: Sink, item: object) -> None:
    answer = track(client, timed(METRIC), item)
    assert answer.status_code == 206
    assert answer.json()["itemsAccepted"] == 1
    (error,) = answer.json()["errors"]
    assert (error["index"], error["statusCode"]) == (1, 400)
    assert sink.rejected[0]["item"] == item
    assert track(client, item).status_code == 400


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"[]", {"content-type": "text/plain"}),
        (b"not gzip", {"content-encoding": "gzip"}),
        (b"{}", {}),
        (b"[]", {}),
        (b"not json", {}),
        (b" " * (4 * 2**20 + 1), {}),
    ],
)
def test_what_is_no_list_of_items_is_refused(client: TestClient, body: bytes, headers: dict[str, str]) -> None:
    answer = client.post(PATH, content=body, headers={"content-type": "application/json", **headers})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer x.y.z"}, 401),
        (bearer(aud="https://cognitiveservices.azure.com"), 401),
        (bearer(exp=1), 401),
        (bearer(oid="somebody"), 403),
        (bearer(aud="https://monitor.azure.com/"), 200),
    ],
)
def test_the_token_must_be_for_this_endpoint_and_of_the_identity(
    client: TestClient, sink: Sink, headers: dict[str, str], status: int
) -> None:
    assert track(client, timed(METRIC), **headers).status_code == status
    assert len(sink.items) == (status == 200)


def test_tokens_of_azure_are_not_verified() -> None:
    authentication = Authentication(client_id=CLIENT_ID, signing_key="")
    assert authentication.check({"authorization": "Bearer of-azure"}) is None
    assert authentication.check({}) is not None


@pytest.mark.parametrize("status", [400, 401, 402, 403, 429, 439, 500, 503])
def test_a_fault_is_an_answer_with_that_status(client: TestClient, control: TestClient, status: int) -> None:
    control.post("/faults", json={"fault": status, "retry_after": 3})
    answer = track(client, timed(METRIC))
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "3")
    assert track(client, timed(METRIC)).status_code == 200
    assert control.get("/received").json()["statuses"] == [status, 200]


def test_a_partial_success_rejects_every_second_item(client: TestClient, control: TestClient, sink: Sink) -> None:
    control.post("/faults", json={"fault": "206", "item_status": 429})
    answer = track(client, *[timed(METRIC)] * 5)
    assert (answer.status_code, answer.json()["itemsAccepted"]) == (206, 3)
    assert [(error["index"], error["statusCode"]) for error in answer.json()["errors"]] == [(1, 429), (3, 429)]
    assert (len(sink.items), sink.rejected) == (3, [])


def test_a_redirect_leads_to_the_same_server(client: TestClient, control: TestClient, sink: Sink) -> None:
    control.post("/faults", json={"fault": "308", "count": 1})
    answer = track(client, timed(METRIC))
    assert (answer.status_code, sink.items) == (308, [])
    assert client.post(answer.headers["location"], json=[timed(METRIC)]).status_code == 200


def test_slow_answers_and_faults_without_end(client: TestClient, control: TestClient) -> None:
    control.post("/faults", json={"fault": "slow", "delay_s": 0.2})
    started = time.monotonic()
    assert track(client, timed(METRIC)).status_code == 200
    assert time.monotonic() - started >= 0.2
    control.post("/faults", json={"fault": "503", "count": -1})
    assert [track(client, timed(METRIC)).status_code for _ in range(3)] == [503] * 3
    control.delete("/faults")
    assert track(client, timed(METRIC)).status_code == 200
    assert control.post("/faults", json={"fault": "unknown"}).status_code == 400


def test_down_closes_the_port(control: TestClient, listener: Listener) -> None:
    control.post("/faults", json={"fault": "down"})
    control.post("/faults", json={"fault": "down", "delay_s": 2})
    control.delete("/faults")
    assert listener.calls == [None, 2.0, "accept"]


def test_it_runs_as_a_process_and_prints_its_ports() -> None:
    command = [sys.executable, "-m", "local.telemetry"]
    env = {**os.environ, "AZURE_CLIENT_ID": CLIENT_ID, "IDENTITY_TOKEN_KEY": SIGNING_KEY}
    with subprocess.Popen(command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            ports = json.loads(process.stdout.readline())
            url, control = (f"http://127.0.0.1:{ports[name]}" for name in ("port", "control_port"))
            sent = httpx.post(f"{url}{PATH}", json=[timed(METRIC)], headers=bearer(), trust_env=False)
            assert sent.json()["itemsAccepted"] == 1
            httpx.post(f"{control}/faults", json={"fault": "down"}, trust_env=False)
            with pytest.raises(httpx.ConnectError):
                httpx.post(f"{url}{PATH}", json=[timed(METRIC)], headers=bearer(), trust_env=False)
        finally:
            process.terminate()
    assert process.wait() == 0


def test_without_its_variables_it_says_what_is_missing() -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("AZURE_CLIENT_ID", "IDENTITY_TOKEN_KEY")}
    command = [sys.executable, "-m", "local.telemetry"]
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("AZURE_CLIENT_ID, IDENTITY_TOKEN_KEY: not set.")

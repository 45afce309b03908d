"""Requests and tokens per minute."""

import math

import pytest
from starlette.testclient import TestClient

from local.emulator.azure_errors import AzureError
from local.emulator.quota import Limits, Quota
from tests.emulator.process import EMBEDDINGS_PATH, Emulator


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _take(quota: Quota, *, tokens: int = 1, deployment: str = "e") -> dict[str, str]:
    return quota.take(operation="embeddings", deployment=deployment, api_version="v", tokens=tokens)


def _refused(quota: Quota, *, tokens: int = 1) -> AzureError:
    with pytest.raises(AzureError) as raised:
        _take(quota, tokens=tokens)
    return raised.value


def test_azures_headers_have_what_is_left(emulator: Emulator) -> None:
    emulator.control.put("/quota", json={"requests_per_minute": 2, "tokens_per_minute": 100})
    first = emulator.http.post(EMBEDDINGS_PATH, json={"input": "x" * 40})
    assert {name: value for name, value in first.headers.items() if name.startswith("x-ratelimit")} == {
        "x-ratelimit-limit-requests": "2",
        "x-ratelimit-remaining-requests": "1",
        "x-ratelimit-limit-tokens": "100",
        "x-ratelimit-remaining-tokens": "90",
    }
    assert emulator.http.post(EMBEDDINGS_PATH, json={"input": "x"}).status_code == 200
    refused = emulator.http.post(EMBEDDINGS_PATH, json={"input": "x"})
    assert refused.status_code == 429
    assert "Embeddings_Create Operation under Azure OpenAI API version 2023-05-15" in refused.json()["error"]["message"]
    assert "exceeded call rate limit" in refused.json()["error"]["message"]
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    wait_ms = int(refused.headers["retry-after-ms"])
    assert 0 < wait_ms <= 60_000
    assert int(refused.headers["retry-after"]) == math.ceil(wait_ms / 1000)


def test_too_many_tokens_are_refused_with_their_own_message(emulator: Emulator) -> None:
    emulator.control.put("/quota", json={"tokens_per_minute": 10})
    assert emulator.http.post(EMBEDDINGS_PATH, json={"input": "x" * 40}).status_code == 200
    refused = emulator.http.post(EMBEDDINGS_PATH, json={"input": "x"})
    assert refused.status_code == 429
    assert "exceeded token rate limit" in refused.json()["error"]["message"]


def test_without_a_quota_the_headers_have_large_numbers(client: TestClient) -> None:
    answer = client.post(EMBEDDINGS_PATH, json={"input": "x"})
    assert int(answer.headers["x-ratelimit-remaining-requests"]) > 1000


def test_the_minute_slides() -> None:
    clock = _Clock()
    quota = Quota(clock=clock)
    quota.set(Limits(requests_per_minute=2))
    _take(quota)
    clock.now += 40
    _take(quota)
    assert _refused(quota).headers["Retry-After"] == "20"
    clock.now += 20
    assert _take(quota)["x-ratelimit-remaining-requests"] == "0"
    assert _refused(quota).headers["Retry-After"] == "40"


def test_the_wait_for_tokens_lasts_until_enough_are_free() -> None:
    clock = _Clock()
    quota = Quota(clock=clock)
    quota.set(Limits(tokens_per_minute=100))
    _take(quota, tokens=30)
    clock.now += 10
    _take(quota, tokens=60)
    assert _refused(quota, tokens=20).headers["Retry-After"] == "50"
    assert _refused(quota, tokens=70).headers["Retry-After"] == "60"
    assert _refused(quota, tokens=101).headers["Retry-After"] == "60"
    clock.now += 50
    assert _take(quota, tokens=20)["x-ratelimit-remaining-tokens"] == "20"


def test_each_deployment_has_its_own_minute() -> None:
    quota = Quota(clock=_Clock())
    quota.set(Limits(requests_per_minute=1))
    _take(quota, deployment="one")
    assert _take(quota, deployment="other")["x-ratelimit-remaining-requests"] == "0"


def test_a_quota_of_zero_lets_nothing_through() -> None:
    quota = Quota(clock=_Clock())
    quota.set(Limits(requests_per_minute=0))
    assert _refused(quota).headers["Retry-After"] == "60"


def test_a_refused_request_takes_nothing(client: TestClient, emulator: Emulator) -> None:
    emulator.control.put("/quota", json={"requests_per_minute": 1})
    assert emulator.http.post(EMBEDDINGS_PATH, json={}).status_code == 400
    assert emulator.http.post(EMBEDDINGS_PATH, json={"input": "x"}).status_code == 200
    assert client.post(EMBEDDINGS_PATH, json={"input": "x"}).status_code == 200


@pytest.mark.parametrize("quota", [{"requests_per_minute": -1}, {"rpm": 5}, "many"])
def test_an_invalid_quota_is_refused(emulator: Emulator, quota: object) -> None:
    answer = emulator.control.put("/quota", json=quota)
    assert answer.status_code == 400
    assert "Limits" in answer.json()["error"]

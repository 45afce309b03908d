"""More embeddings than Azure's quota takes in a minute.

The emulators enforce the same quota as the gateway's settings state: that Azure never refuses shows that the gateway
never sends more.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from local.runner.session import Session, run

from .azure_regions import AzureRegions, GatewayLog
from .stacks import changed
from .surfaces import CHAT, EMBEDDING, HI

_INPUTS = 60
_TOKENS = 40
_CHARACTERS = 4 * _TOKENS
# Slow is not broken while the machine is busy with everything at once.
_TIMEOUTS = dict.fromkeys(("body_s", "headers_s", "first_event_s", "answer_s", "embeddings_s"), 30) | {"total_s": 150}

RunWithQuota = Callable[..., AbstractContextManager[Session]]


@pytest.fixture
def run_with_quota(
    regions: Session, regions_stack: Path, regions_secrets: Path, azure: AzureRegions, tmp_path: Path
) -> RunWithQuota:
    """Runs a gateway whose regions have this quota each, as the emulators and as the settings state it."""

    @contextmanager
    def start(quota: dict[str, int], **limits: float) -> Iterator[Session]:
        stack = changed(
            regions_stack, file=tmp_path / "cdk.tf.json", embeddings=quota, limits=limits, timeouts=_TIMEOUTS
        )
        upstreams = {name: emulator.url for name, emulator in regions.emulators.items()}
        for region in azure.regions.values():
            region.http.put("/quota", json=quota).raise_for_status()
        try:
            with run(
                stack=stack, environ={}, upstreams=upstreams, secrets=regions_secrets, litellm="absent"
            ) as session:
                yield session
        finally:
            for region in azure.regions.values():
                region.http.put("/quota", json={}).raise_for_status()

    return start


def _sdk(session: Session) -> openai.AsyncOpenAI:
    http = openai.DefaultAsyncHttpxClient(trust_env=False, verify=False)
    key = session.keys["team"][0]
    return openai.AsyncOpenAI(base_url=session.base_url, api_key=key, max_retries=0, timeout=180, http_client=http)


async def _embed(sdk: openai.AsyncOpenAI, *, batches: int, parallel: int) -> Counter[int]:
    """Embed all batches, so many at once; return how many vectors came for each."""
    vectors: Counter[int] = Counter()
    numbers = iter(range(batches))

    async def work() -> None:
        for batch in numbers:
            texts = [f"block {number} of batch {batch}: ".ljust(_CHARACTERS, "x") for number in range(_INPUTS)]
            answer = await sdk.embeddings.create(model=EMBEDDING, input=texts, encoding_format="base64")
            assert [item.index for item in answer.data] == list(range(_INPUTS))
            vectors[batch] += len(answer.data)

    await asyncio.gather(*(work() for _ in range(parallel)))
    return vectors


def _calls(azure: AzureRegions) -> dict[str, list[dict[str, Any]]]:
    calls: dict[str, list[dict[str, Any]]] = {name: [] for name in azure.regions}
    for request in azure.requests():
        if request["surface"] == "embeddings":
            calls[request["region"]].append(request)
    return calls


def test_batches_are_spread_so_that_no_region_exceeds_its_quota(
    run_with_quota: RunWithQuota, azure: AzureRegions
) -> None:
    """What all regions together take in a minute is answered at once; what is beyond it waits for up to `queue_s`."""
    quota = 10
    batches = quota * len(azure.regions)

    async def embed(session: Session) -> Counter[int]:
        async with _sdk(session) as sdk:
            vectors = await _embed(sdk, batches=batches, parallel=10)
            with pytest.raises(openai.RateLimitError) as refused:
                await sdk.embeddings.create(model=EMBEDDING, input="one more")
        assert 0 < int(refused.value.response.headers["retry-after"]) <= 60
        return vectors

    with run_with_quota({"requests_per_minute": quota}, queue_s=0.3) as session:
        log = GatewayLog(session.gateway.log)
        assert asyncio.run(embed(session)) == dict.fromkeys(range(batches), _INPUTS)
        lines = log.lines_after(0, count=batches + 1)
    for calls in _calls(azure).values():
        assert [call["status"] for call in calls] == [200] * quota
    assert Counter((line["status"], len(line["attempts"])) for line in lines) == {(200, 1): batches, (429, 0): 1}


_BATCHES = 600
_BATCHES_PER_MINUTE = 100
_BOUND_S = 60.0  # 600 batches are two minutes of three regions: the last is answered after one


async def _chat(sdk: openai.AsyncOpenAI) -> list[float]:
    """Ask something short twice a second until cancelled; return how long the answers took."""
    seconds: list[float] = []
    try:
        while True:
            started = time.monotonic()
            await sdk.chat.completions.create(model=CHAT, messages=HI)
            seconds.append(time.monotonic() - started)
            await asyncio.sleep(0.5)
    except asyncio.CancelledError:
        return seconds


async def _storm(session: Session, *, parallel: int) -> tuple[Counter[int], list[float], float]:
    async with _sdk(session) as team:
        chatting = asyncio.create_task(_chat(team.with_options(api_key=session.keys["other"][0])))
        started = time.monotonic()
        vectors = await _embed(team, batches=_BATCHES, parallel=parallel)
        took_s = time.monotonic() - started
        chatting.cancel()
        return vectors, await chatting, took_s


def _most_in_a_minute(calls: list[dict[str, Any]]) -> int:
    times = sorted(float(call["at"]) for call in calls)
    return max(sum(start <= at < start + 60 for at in times) for start in times)


@pytest.mark.full
@pytest.mark.parametrize(
    ("quota", "parallel"),
    [
        pytest.param({"requests_per_minute": _BATCHES_PER_MINUTE}, 10, id="10 in parallel, requests per minute"),
        pytest.param(
            {"tokens_per_minute": _BATCHES_PER_MINUTE * _INPUTS * _TOKENS}, 50, id="50 in parallel, tokens per minute"
        ),
    ],
)
def test_an_indexing_storm_is_answered_within_the_quota_while_others_chat(
    run_with_quota: RunWithQuota, azure: AzureRegions, quota: dict[str, int], parallel: int
) -> None:
    with run_with_quota(quota, queue_s=120.0) as session:
        log = GatewayLog(session.gateway.log)
        vectors, chats, took_s = asyncio.run(_storm(session, parallel=parallel))
        log.wait_for(lambda: sum(line["route"] == "embeddings" for line in log.lines) >= _BATCHES)
    lines = [line for line in log.lines if line["route"] == "embeddings"]

    assert vectors == dict.fromkeys(range(_BATCHES), _INPUTS)
    print(f"{_BATCHES} batches in {took_s:.1f} s, {took_s / _BOUND_S:.3f} of the quota's time")  # noqa: T201
    assert took_s < 2 * _BOUND_S

    for calls in _calls(azure).values():
        assert Counter(call["status"] for call in calls) == {200: _BATCHES // 3}
        assert _most_in_a_minute(calls) <= _BATCHES_PER_MINUTE

    assert Counter((line["project"], line["status"]) for line in lines) == {("team", 200): _BATCHES}
    assert {line["tokens"]["input"] for line in lines} == {_INPUTS * _TOKENS}
    assert {len(line["attempts"]) for line in lines} == {1}
    assert max(line["queued_ms"] for line in lines) > 1000

    print(f"chat: p50 {statistics.median(chats) * 1000:.0f} ms, worst {max(chats) * 1000:.0f} ms")  # noqa: T201
    assert len(chats) > 50
    assert statistics.median(chats) < 0.5

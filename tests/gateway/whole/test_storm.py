"""An indexing storm: more embeddings than Azure's quota takes in a minute, and other people who want to go on working.

600 batches are two minutes of what three regions take, so that the last of them is answered after one. Azure's quota
and the gateway's are the same; that Azure never refuses says that the gateway never sends more.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session, run

from .regions import Azure, GatewayLog
from .stacks import stack_of
from .surfaces import CHAT, EMBEDDING

_BATCHES = 600
_INPUTS = 60
_BATCHES_PER_MINUTE = 100
_TOKENS = 40
_TEXT = 4 * _TOKENS
_BOUND_S = 60.0


@pytest.fixture
def storm(request: pytest.FixtureRequest, synthesis_environ: dict[str, str], tmp_path: Path) -> Iterator[Session]:
    """A gateway whose regions have this quota each, as Azure and as the settings know it; LiteLLM may still load."""
    quota: dict[str, int] = request.param
    declared = {f"embeddings__{name}": value for name, value in quota.items()}
    stack = stack_of("crowd", outdir=tmp_path / "out", environ=synthesis_environ, **declared)
    with run(stack=stack, environ={}, secrets=tmp_path / "secrets.json", wait="gateway") as session:
        for emulator in session.emulators.values():
            httpx.put(f"{emulator.control_url}/quota", json=quota, trust_env=False).raise_for_status()
        yield session


def _texts(batch: int) -> list[str]:
    return [f"block {number} of batch {batch}: ".ljust(_TEXT, "x") for number in range(_INPUTS)]


async def _index(sdk: openai.AsyncOpenAI, *, parallel: int) -> Counter[int]:
    """Embed all batches, so many at once; return how many vectors came for each."""
    got: Counter[int] = Counter()
    batches = iter(range(_BATCHES))

    async def worker() -> None:
        for batch in batches:
            answer = await sdk.embeddings.create(model=EMBEDDING, input=_texts(batch), encoding_format="base64")
            assert [item.index for item in answer.data] == list(range(_INPUTS))
            got[batch] += len(answer.data)

    await asyncio.gather(*(worker() for _ in range(parallel)))
    return got


async def _talk(sdk: openai.AsyncOpenAI) -> list[float]:
    """Ask something short twice a second until it is enough; return how long the answers took."""
    seconds: list[float] = []
    try:
        while True:
            started = time.monotonic()
            await sdk.chat.completions.create(model=CHAT, messages=[{"role": "user", "content": "echo: hi"}])
            seconds.append(time.monotonic() - started)
            await asyncio.sleep(0.5)
    except asyncio.CancelledError:
        return seconds


async def _weather(session: Session, *, parallel: int) -> tuple[Counter[int], list[float], float]:
    async with (
        openai.DefaultAsyncHttpxClient(trust_env=False, verify=False) as http,
        openai.AsyncOpenAI(
            base_url=session.base_url, api_key=session.keys["team"][0], max_retries=0, timeout=180, http_client=http
        ) as team,
    ):
        other = team.with_options(api_key=session.keys["other"][0])
        talking = asyncio.create_task(_talk(other))
        started = time.monotonic()
        got = await _index(team, parallel=parallel)
        took_s = time.monotonic() - started
        talking.cancel()
        return got, await talking, took_s


def _most_in_a_minute(calls: list[dict[str, Any]]) -> int:
    times = sorted(float(call["at"]) for call in calls)
    return max(sum(start <= at < start + 60 for at in times) for start in times)


@pytest.mark.parametrize(
    ("storm", "parallel"),
    [
        pytest.param({"requests_per_minute": _BATCHES_PER_MINUTE}, 10, id="10 in parallel, requests per minute"),
        pytest.param(
            {"tokens_per_minute": _BATCHES_PER_MINUTE * _INPUTS * _TOKENS}, 50, id="50 in parallel, tokens per minute"
        ),
    ],
    indirect=["storm"],
)
def test_a_storm_is_answered_whole_within_the_quota_while_others_talk(storm: Session, parallel: int) -> None:
    got, talks, took_s = asyncio.run(_weather(storm, parallel=parallel))

    assert got == dict.fromkeys(range(_BATCHES), _INPUTS)
    print(f"{_BATCHES} batches in {took_s:.1f} s, {took_s / _BOUND_S:.3f} of the quota's time")  # noqa: T201
    assert took_s < 2 * _BOUND_S

    for emulator in storm.emulators.values():
        with httpx.Client(base_url=emulator.control_url, trust_env=False) as control:
            calls = [call for call in Azure(control).requests() if call["surface"] == "embeddings"]
        assert Counter(call["status"] for call in calls) == {200: _BATCHES // 3}
        assert _most_in_a_minute(calls) <= _BATCHES_PER_MINUTE

    lines = [line for line in GatewayLog(storm.gateway.log).update().lines if line["route"] == "embeddings"]
    assert Counter((line["project"], line["status"]) for line in lines) == {("team", 200): _BATCHES}
    assert {line["tokens"]["input"] for line in lines} == {_INPUTS * _TOKENS}
    assert {len(line["attempts"]) for line in lines} == {1}
    assert max(line["queued_ms"] for line in lines) > 1000

    print(f"chat: p50 {statistics.median(talks) * 1000:.0f} ms, worst {max(talks) * 1000:.0f} ms")  # noqa: T201
    assert len(talks) > 50
    assert statistics.median(talks) < 0.5

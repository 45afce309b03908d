"""Every benchmark of the running servers works; what comes out is not judged."""

import asyncio
import sys
from pathlib import Path

import pytest

from benchmarks import overhead, startup
from benchmarks.cases import build_cases
from benchmarks.errors import BenchmarkError
from benchmarks.load import Target, connect
from benchmarks.report import Section
from local.runner.session import Session

STRAIGHT = ("embeddings, one text", "embeddings, 60 texts", "responses", "responses, streamed")
TRANSLATED = ("translated chat", "translated chat, streamed")


def test_overhead_is_measured_for_every_request(stacks: Path) -> None:
    stack = stacks / "aigateway-dev/cdk.tf.json"
    section = overhead.measure(stack=stack, rounds=1, requests=2, progress=lambda _: None)
    rows = [row for row in _rows(section) if row[0].startswith((*STRAIGHT, *TRANSLATED))]
    latency, throughput = ([row for row in rows if len(row) == columns] for columns in (5, 4))
    assert [row[0] for row in throughput] == [*STRAIGHT, *TRANSLATED]
    assert [row[0] for row in latency] == [
        *("embeddings, one text", "embeddings, 60 texts", "responses"),
        *("responses, streamed: first byte", "responses, streamed: whole"),
        *("translated chat", "translated chat, streamed: first byte", "translated chat, streamed: whole"),
    ]
    for name, direct, *others in rows:
        assert (direct == "-") == name.startswith(TRANSLATED)
        assert all(cell.strip("*")[0].isdigit() for cell in others)


@pytest.mark.skipif(sys.platform != "linux", reason="start-up and memory are read from /proc")
def test_start_and_memory_are_measured_for_both_containers(stacks: Path) -> None:
    section = startup.measure(stack=stacks / "aigateway-dev/cdk.tf.json", rounds=1, requests=6, progress=lambda _: None)
    _, _, gateway, litellm = _rows(section)
    assert gateway[0] == "gateway"
    assert litellm[0] == "LiteLLM"
    for row in (gateway, litellm):
        ready_s, answer_s, _, used_mb = (float(cell.split()[0]) for cell in row[1:])
        assert 0 < ready_s <= answer_s
        assert used_mb > 10


def test_a_wrong_answer_is_not_measured(session: Session) -> None:
    target = Target(name="gateway", url=session.host_url, key="wrong")
    case, *_ = build_cases(session.models)

    async def call() -> None:
        async with connect(target) as client:
            await client.call(case)

    with pytest.raises(BenchmarkError, match="gateway answered embeddings, one text with 401"):
        asyncio.run(call())


def _rows(section: Section) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in section.lines if line.startswith("|")]

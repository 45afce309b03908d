"""How long both containers take to start, and the memory they hold then and later. Linux only."""

import asyncio
import itertools
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import httpx

from benchmarks import processes
from benchmarks.cases import Case, build_cases
from benchmarks.errors import BenchmarkError
from benchmarks.figures import spread
from benchmarks.load import Target, connect
from benchmarks.report import Progress, Section, table
from benchmarks.servers import run_replica
from local.runner.network import HOST, free_port
from local.runner.stack import read_stack

_START_S = 150.0


@dataclass(frozen=True, kw_only=True)
class Start:
    """One start: seconds since the process was started, and megabytes."""

    ready_s: float
    answer_s: float
    fresh_mb: float
    used_mb: float


def measure(*, stack: Path, rounds: int, requests: int, progress: Progress) -> Section:
    """Start the stack `rounds` times and send it `requests` mixed requests each time."""
    if not processes.is_supported():
        raise BenchmarkError("Start-up and memory are read from /proc: Linux only.")
    starts: list[tuple[Start, Start]] = []
    for number in range(1, rounds + 1):
        starts.append(_start(stack, requests=requests))
        gateway, litellm = starts[-1]
        progress(f"Start {number} of {rounds}: gateway {gateway.ready_s:.1f} s, LiteLLM {litellm.ready_s:.1f} s")
    rows = [
        (
            name,
            spread([start.ready_s for start in column], digits=2),
            spread([start.answer_s for start in column], digits=2),
            spread([start.fresh_mb for start in column], digits=0),
            spread([start.used_mb for start in column], digits=0),
        )
        for name, column in zip(("gateway", "LiteLLM"), zip(*starts, strict=True), strict=True)
    ]
    header = ("", "ready, s", "first answer, s", "memory then, MB", f"after {requests} requests, MB")
    return Section(
        name="startup",
        lines=[f"{rounds} starts; median (lowest-highest).", "", *table(header, rows)],
        summary="\n".join(f"startup: {row[0]} ready after {row[1]} s, {row[4]} MB" for row in rows),
    )


def _start(stack: Path, *, requests: int) -> tuple[Start, Start]:
    target = Target(name="gateway", url=f"http://{HOST}:{free_port(0)}", key=secrets.token_urlsafe(24))
    cases = build_cases(read_stack(stack).models)
    with ThreadPoolExecutor() as waiting, _event_at_end() as ended:
        # Begun before the processes are, and asking more often than the runner does.
        first = waiting.submit(_first_answers, target, cases, ended)
        with run_replica(stack, port=urlsplit(target.url).port or 0, key=target.key) as replica:
            litellm_ready = _when_ready(f"{replica.session.litellm_url}/health/readiness", ended)
            ready, straight, translated = first.result()
            containers = (replica.session.gateway.popen.pid, replica.session.litellm.popen.pid)
            fresh = [processes.resident_mb(pid) for pid in containers]
            asyncio.run(_use(target, cases, requests=requests))
            used = [processes.resident_mb(pid) for pid in containers]
            started = [processes.started_at(pid) for pid in containers]
    gateway, litellm = (
        Start(ready_s=up - begun, answer_s=answer - begun, fresh_mb=before, used_mb=after)
        for begun, up, answer, before, after in zip(
            started, (ready, litellm_ready), (straight, translated), fresh, used, strict=True
        )
    )
    return gateway, litellm


def _first_answers(target: Target, cases: Sequence[Case], ended: Event) -> tuple[float, float, float]:
    """When the gateway was ready, when it had answered straight, and when LiteLLM had translated."""
    ready = _when_ready(f"{target.url}/health/readiness", ended)
    straight, translated = (asyncio.run(_use(target, [case], requests=1)) for case in (cases[0], cases[-2]))
    return ready, straight, translated


def _when_ready(url: str, ended: Event) -> float:
    deadline = time.monotonic() + _START_S
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        while time.monotonic() < deadline and not ended.is_set():
            with suppress(httpx.TransportError):
                if client.get(url).is_success:
                    return processes.now()
            time.sleep(0.01)
    raise BenchmarkError(f"{url} did not answer 200 within {_START_S:.0f} s.")


@contextmanager
def _event_at_end() -> Iterator[Event]:
    """An event for a thread that waits for what may never come, once the replica has failed to start."""
    event = Event()
    try:
        yield event
    finally:
        event.set()


async def _use(target: Target, cases: Sequence[Case], *, requests: int) -> float:
    """Make requests of every kind; return when the last one had its answer."""
    async with connect(target) as client:
        for case in itertools.islice(itertools.cycle(cases), requests):
            await client.call(case)
        return processes.now()

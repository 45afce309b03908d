"""How long a replica takes to start and the memory it holds then and later, against a stock LiteLLM. Linux only."""

import asyncio
import itertools
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import httpx

from benchmarks import litellm, processes
from benchmarks.errors import BenchmarkError
from benchmarks.load import connect
from benchmarks.numbers.startup import BESIDE, Start, StartupNumbers
from benchmarks.report import Bench
from benchmarks.requests import Case, build_cases, named
from benchmarks.servers import run_litellm, run_replica
from benchmarks.targets import GATEWAY, LITELLM, AzureTarget, Target
from local.runner.emulators import emulate
from local.runner.ports import HOST, free_port
from local.runner.stack import read_stack

_START_S = 150.0
_REQUESTS = 500
_STRAIGHT, _TRANSLATED = "embeddings, one text", "translated chat"


def measure(bench: Bench, *, requests: int = _REQUESTS) -> StartupNumbers:
    """Start the replica, then a stock LiteLLM alone, round after round; send each `requests` mixed ones."""
    if not processes.is_supported():
        raise BenchmarkError("Start-up and memory are read from /proc: Linux only.")
    stack = bench.stacks.get()
    starts: dict[str, list[Start]] = {name: [] for name in (GATEWAY, BESIDE, LITELLM)}
    for number in range(1, bench.rounds + 1):
        ours = start_replica(stack, requests=requests)
        for name, start in {**ours, LITELLM: start_stock(stack, requests=requests)}.items():
            starts[name].append(start)
        ready = ", ".join(f"{name} {column[-1].ready_s:.1f} s" for name, column in starts.items())
        bench.progress(f"Start {number} of {bench.rounds}: {ready}")
    return StartupNumbers(requests=requests, starts=starts)


def start_replica(stack: Path, *, requests: int) -> dict[str, Start]:
    """Both containers at once, as in a new replica."""
    target = Target(name=GATEWAY, url=f"http://{HOST}:{free_port(0)}", key=secrets.token_urlsafe(24))
    cases = build_cases(read_stack(stack).models)
    with ThreadPoolExecutor() as waiting, _event_at_end() as ended:
        # Begun before the processes are, and asking more often than the runner does.
        first = waiting.submit(_first_answers, target, cases, ended)
        with run_replica(stack, port=urlsplit(target.url).port or 0, key=target.key) as replica:
            litellm_ready = _when_ready(f"{replica.session.litellm_url}/health/readiness", ended)
            ready, straight, translated = first.result()
            moments = {GATEWAY: (ready, straight), BESIDE: (litellm_ready, translated)}
            pids = {GATEWAY: replica.session.gateway.popen.pid, BESIDE: replica.session.litellm.popen.pid}
            fresh = {name: processes.resident_mb(pid) for name, pid in pids.items()}
            asyncio.run(_use(target, cases, requests=requests))
            return {name: _start(pids[name], *moments[name], fresh_mb=fresh[name]) for name in pids}


def start_stock(stack: Path, *, requests: int) -> Start:
    """A stock LiteLLM, which has the machine to itself."""
    models = read_stack(stack).models
    cases = build_cases(models)
    key = secrets.token_urlsafe(24)
    with emulate("alone", key=key, models=models) as emulator, _event_at_end() as ended:
        configuration = litellm.plain(models, azure=AzureTarget(name="azure", url=emulator.url, key=key))
        with run_litellm(stack, configuration=configuration, wait=False) as (target, process):
            ready = _when_ready(f"{target.url}/health/readiness", ended)
            answered = asyncio.run(_use(target, named(cases, _TRANSLATED), requests=1))
            fresh = processes.resident_mb(process.popen.pid)
            asyncio.run(_use(target, cases, requests=requests))
            return _start(process.popen.pid, ready, answered, fresh_mb=fresh)


def _start(pid: int, ready: float, answered: float, *, fresh_mb: float) -> Start:
    begun = processes.started_at(pid)
    return Start(
        ready_s=round(ready - begun, 3),
        answer_s=round(answered - begun, 3),
        fresh_mb=round(fresh_mb, 1),
        used_mb=round(processes.resident_mb(pid), 1),
    )


def _first_answers(target: Target, cases: Sequence[Case], ended: Event) -> tuple[float, float, float]:
    """When the gateway was ready, when it had answered straight, and when LiteLLM had translated."""
    ready = _when_ready(f"{target.url}/health/readiness", ended)
    straight, translated = (
        asyncio.run(_use(target, named(cases, name), requests=1)) for name in (_STRAIGHT, _TRANSLATED)
    )
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

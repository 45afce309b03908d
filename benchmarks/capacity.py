"""What each kind of use costs of the processor in each container, and so how much of it a replica's cores carry.

Linux only. The streams come at a model's pace, few at a time: more would change what one costs.
"""

import asyncio
import json
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Any

import httpx

from benchmarks import processes
from benchmarks.errors import BenchmarkError
from benchmarks.numbers.capacity import CapacityNumbers
from benchmarks.report import Bench
from benchmarks.requests import build_cases, named
from benchmarks.servers import Replica, run_replica
from local.runner.readiness import wait_until_ready
from local.runner.stack import read_stack

_STREAMS, _PER_SECOND, _SECONDS = 10, 60, 8
_PROMPT = f"count to {_PER_SECOND * _SECONDS}, pace {_PER_SECOND}"
_BATCH = "embeddings, 60 texts"


def measure(bench: Bench) -> CapacityNumbers:
    """Measure each kind in turn."""
    if not processes.is_supported():
        raise BenchmarkError("Processor time is read from /proc: Linux only.")
    stack = bench.stacks.get()
    costs: dict[str, dict[str, list[float]]] = {}
    with run_replica(stack) as replica:
        wait_until_ready(f"{replica.session.litellm_url}/health/readiness", replica.session.litellm)
        for number in range(bench.rounds + 1):
            for name, cost in asyncio.run(_round(replica, stack, batches=bench.requests)).items():
                if number:  # the first round loads and fills what later ones find
                    bench.progress(f"Round {number} of {bench.rounds}, {name}: {cost}")
                    for container, ms in cost.items():
                        costs.setdefault(name, {}).setdefault(container, []).append(ms)
    return CapacityNumbers(per_second=_PER_SECOND, cores=_cores(stack), costs=costs)


async def _round(replica: Replica, stack: Path, *, batches: int) -> Mapping[str, Mapping[str, float]]:
    models = read_stack(stack).models
    model = next(model["name"] for model in models if model["kind"] == "responses")
    (batch,) = named(build_cases(models), _BATCH)
    chat = {"model": model, "messages": [{"role": "user", "content": _PROMPT}], "stream": True}
    response = {"model": model, "input": _PROMPT, "stream": True, "store": False}
    headers = {"authorization": f"Bearer {replica.gateway.key}", "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=replica.gateway.url, headers=headers, timeout=60, trust_env=False) as http:
        return {
            "translated chat": await _cost(replica, _streams(http, "/v1/chat/completions", chat)),
            "responses": await _cost(replica, _streams(http, "/v1/responses", response)),
            _BATCH: await _cost(replica, _batches(http, batch.path, batch.body, count=batches)),
        }


async def _cost(replica: Replica, use: Awaitable[float]) -> Mapping[str, float]:
    """Milliseconds of the processor in each container, for each unit of what is used."""
    pids = {name: process.popen.pid for name, process in replica.session.containers.items()}
    before = {name: processes.cpu_s(pid) for name, pid in pids.items()}
    units = await use
    return {name: round(1000 * (processes.cpu_s(pid) - before[name]) / units, 2) for name, pid in pids.items()}


async def _streams(http: httpx.AsyncClient, path: str, body: Mapping[str, Any]) -> float:
    """Have some at once; return their seconds."""

    async def read() -> None:
        async with http.stream("POST", path, content=json.dumps(body)) as response:
            response.raise_for_status()
            async for _ in response.aiter_raw():
                pass

    await asyncio.gather(*(read() for _ in range(_STREAMS)))
    return _STREAMS * _SECONDS


async def _batches(http: httpx.AsyncClient, path: str, body: bytes, *, count: int) -> float:
    for _ in range(count):
        (await http.post(path, content=body)).raise_for_status()
    return count


def _cores(stack: Path) -> Mapping[str, float]:
    """Of each container, as the stack says."""
    (app,) = json.loads(stack.read_text(encoding="utf-8"))["resource"]["azurerm_container_app"].values()
    return {container["name"]: float(container["cpu"]) for container in app["template"]["container"]}

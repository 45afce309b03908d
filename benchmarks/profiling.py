"""Where the gateway's processor time goes, request by request. Linux only."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from benchmarks import processes, sampler
from benchmarks.errors import BenchmarkError
from benchmarks.load import Client, connect
from benchmarks.numbers.profiling import Profile, ProfilingNumbers
from benchmarks.report import Bench
from benchmarks.requests import Case, build_cases, named
from benchmarks.servers import run_replica

_CASES = ("embeddings, one text", "embeddings, 60 texts", "responses", "responses, streamed")
_SECONDS = 12.0
_PATIENCE_S = 10.0


def measure(bench: Bench, *, seconds: float = _SECONDS) -> ProfilingNumbers:
    """Keep the gateway busy with each kind of request for some seconds, ten in flight."""
    if not processes.is_supported():
        raise BenchmarkError("Processor time is read from /proc: Linux only.")
    stack = bench.stacks.get()
    samples = stack.with_name("samples.json")
    profiles: dict[str, Profile] = {}
    with run_replica(_with_sampler(stack, samples)) as replica:
        pid = replica.session.gateway.popen.pid

        async def run() -> None:
            async with connect(replica.gateway) as client:
                for case in named(build_cases(replica.session.models), *_CASES):
                    bench.progress(f"Profiling {case.name}")
                    profiles[case.name] = await _profile(client, case, pid=pid, samples=samples, seconds=seconds)

        asyncio.run(run())
    return ProfilingNumbers(profiles=profiles)


def _with_sampler(stack: Path, samples: Path) -> Path:
    """The same stack, but with a gateway that is watched from its start on."""
    document = json.loads(stack.read_text(encoding="utf-8"))
    (app,) = document["resource"]["azurerm_container_app"].values()
    (gateway,) = (container for container in app["template"]["container"] if container["name"] == "gateway")
    *python, program = gateway["command"]
    source = Path(sampler.__file__).read_text(encoding="utf-8")
    gateway["command"] = [*python, f"{source.replace('${', '$${')}\n{sampler.begin.__name__}()\n{program}"]
    gateway["env"].append({"name": "BENCHMARK_SAMPLES", "value": str(samples)})
    watched = stack.with_name("watched.tf.json")
    watched.write_text(json.dumps(document), encoding="utf-8")
    return watched


async def _profile(client: Client, case: Case, *, pid: int, samples: Path, seconds: float) -> Profile:
    await client.per_second(case, count=50)
    _samples(pid, samples)  # what came before
    begun, cpu_s, requests = time.perf_counter(), processes.cpu_s(pid), 0
    while time.perf_counter() - begun < seconds:
        await client.per_second(case, count=100)
        requests += 100
    cpu_s = processes.cpu_s(pid) - cpu_s
    return Profile(requests=requests, cpu_s=round(cpu_s, 2), **_samples(pid, samples))


def _samples(pid: int, file: Path) -> dict[str, Any]:
    file.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    deadline = time.monotonic() + _PATIENCE_S
    while not file.exists():
        if time.monotonic() > deadline:
            raise BenchmarkError("The profiled gateway did not write its samples.")
        time.sleep(0.01)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found

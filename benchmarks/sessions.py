"""How late the text of coding sessions is: translated chats, streamed at a model's pace through one replica.

Then many chats whose clients leave, and one that comes after them. Linux only.
"""

import asyncio
import time
from collections.abc import Sequence

from benchmarks import litellm, paced_azure, processes
from benchmarks.errors import BenchmarkError
from benchmarks.figures import percentile
from benchmarks.numbers.sessions import Leaving, Load, SessionsNumbers
from benchmarks.paced_chats import CHAT, Surface, chat
from benchmarks.report import Bench
from benchmarks.servers import run_litellm, run_replica
from benchmarks.targets import GATEWAY, LITELLM, AzureTarget, Target

SESSIONS = (10, 20, 50, 100)
LEAVING = 200
PER_SECOND = 60
_SECONDS = 8
_QUIET_S = 5.0
UNBOUNDED = {"LIMITS__PARALLEL_TRANSLATIONS": "1000"}
"""What a replica carries is measured; by default the gateway bounds it."""


def measure(
    bench: Bench, *, sessions: Sequence[int] = SESSIONS, leaving: int = LEAVING, seconds: int = _SECONDS
) -> SessionsNumbers:
    """Measure the gateway and a stock LiteLLM in turn, then let clients of the gateway leave."""
    if not processes.is_supported():
        raise BenchmarkError("Processor time and memory are read from /proc: Linux only.")
    stack = bench.stacks.get(UNBOUNDED)
    loads: dict[str, dict[int, list[Load]]] = {LITELLM: {}, GATEWAY: {}}
    left: list[Leaving] = []
    with paced_azure.run() as url, run_replica(stack, azure=url) as replica:
        model = next(model["name"] for model in replica.session.models if model["kind"] == "responses")
        stock = litellm.plain(replica.session.models, azure=AzureTarget(name="azure", url=url, key="unused"))
        with run_litellm(stack, configuration=stock) as (target, process):
            servers = ((target, process.popen.pid), (replica.gateway, replica.session.litellm.popen.pid))
            for server, _ in servers:
                asyncio.run(chat_once(server, model))  # LiteLLM loads more with the first
            for number in range(1, bench.rounds + 1):
                for count in sessions:
                    for server, pid in servers:
                        one = asyncio.run(load(server, model, pid=pid, count=count, seconds=seconds))
                        loads[server.name].setdefault(count, []).append(one)
                        bench.progress(f"Round {number} of {bench.rounds}, {count} chats: {server.name}, {one}")
        for _ in range(bench.rounds):
            left.append(asyncio.run(_leave(replica.gateway, model, pid=servers[1][1], count=leaving)))
            bench.progress(f"{leaving} clients left: {left[-1]}")
    return SessionsNumbers(per_second=PER_SECOND, seconds=seconds, loads=loads, quiet_s=_QUIET_S, leaving=left)


async def load(target: Target, model: str, *, pid: int, count: int, seconds: int, surface: Surface = CHAT) -> Load:
    """Have this many streams at once; `pid` is LiteLLM's."""
    cpu_s = processes.cpu_s(pid)
    chats = await chat(target, model, prompt=f"pace {PER_SECOND} for {seconds}", count=count, surface=surface)
    whole = [one.whole_s for one in chats if one.whole_s and len(one.late_s) == PER_SECOND * seconds]
    late = [1000 * late_s for one in chats for late_s in one.late_s] or [0.0]
    await asyncio.sleep(1)  # what LiteLLM does after a stream belongs to it
    return Load(
        failed=count - len(whole),
        late_p50_ms=round(percentile(late, 50), 1),
        late_p95_ms=round(percentile(late, 95), 1),
        longest_s=round(max(whole, default=0.0), 2),
        cpu_s=round(processes.cpu_s(pid) - cpu_s, 2),
    )


async def _leave(target: Target, model: str, *, pid: int, count: int) -> Leaving:
    started = time.monotonic()
    chats = await chat(target, model, prompt=f"pace {PER_SECOND} for {_SECONDS}", count=count, leaves=True)
    left_s, memory_mb, cpu_s = time.monotonic() - started, processes.resident_mb(pid), processes.cpu_s(pid)
    await asyncio.sleep(_QUIET_S)
    cpu_s = processes.cpu_s(pid) - cpu_s
    return Leaving(
        clients=count,
        failed=sum(one.first_s is None for one in chats),
        all_left_s=round(left_s, 2),
        cpu_s=round(cpu_s, 2),
        next_s=await chat_once(target, model),
        memory_mb=round(max(memory_mb, processes.resident_mb(pid)), 1),
    )


async def chat_once(target: Target, model: str) -> float:
    """Return the seconds until the end of a chat of a single piece.

    Raises:
        BenchmarkError: it failed.
    """
    (one,) = await chat(target, model, prompt="pace 1 for 1", count=1)
    if one.whole_s is None:
        raise BenchmarkError(f"{target.name} did not answer a single chat.")
    return round(one.whole_s, 3)

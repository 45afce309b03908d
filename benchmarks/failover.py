"""How soon the next answer comes when a region fails, and how many clients notice; ours and stock LiteLLM's."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import litellm
from benchmarks.numbers.failover import FailoverNumbers, Outage
from benchmarks.report import Bench
from benchmarks.requests import build_cases, named
from benchmarks.servers import Replica, run_litellm, run_replica
from benchmarks.targets import Target
from benchmarks.trial import open_trial

_ANSWER_S = 2.0  # for the first event of a stream, too; so that a hang is over soon, on both sides
_OPEN_S = 3.0

_SETTINGS = {
    "TIMEOUTS__FIRST_EVENT_S": str(_ANSWER_S),
    "TIMEOUTS__ANSWER_S": str(_ANSWER_S),
    "TIMEOUTS__EMBEDDINGS_S": str(_ANSWER_S),
    "TIMEOUTS__CONNECT_S": str(_ANSWER_S),
    "CIRCUIT_BREAKER__OPEN_S": str(_OPEN_S),
}
_KINDS = ("embeddings, one text", "responses", "responses, streamed", "chat, streamed", "translated chat")
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "connection refused": {"fault": "refused"},
    "connection reset": {"fault": "reset", "count": -1},
    "500": {"fault": "500", "count": -1},
    "429 with Retry-After": {"fault": "429", "count": -1, "retry_after": _OPEN_S},
    "hang before the headers": {"fault": "hang_before_headers", "count": -1},
    "hang before the first event": {"fault": "hang_before_first_event", "count": -1},
    "cut before the first event": {"fault": "cut_mid_stream", "count": -1, "after_events": 0},
    "error as the first event": {"fault": "error_event", "count": -1, "after_events": 0},
    "malformed JSON": {"fault": "malformed_json", "count": -1},
}


def measure(bench: Bench) -> FailoverNumbers:
    """Fail the first of three regions in every way, under a light and steady load of both servers."""
    bench.progress("Starting the gateway, its LiteLLM, three regions, and a stock LiteLLM in front of the same regions")
    stack = bench.stacks.get(_SETTINGS)
    with run_replica(stack) as replica:
        configuration = litellm.in_regions(
            replica.session.models, azures=tuple(replica.azures.values()), timeout_s=_ANSWER_S, cooldown_s=_OPEN_S
        )
        with run_litellm(stack, configuration=configuration) as (stock, _):
            outages = asyncio.run(_outages(replica, (stock, replica.gateway), bench))
    return FailoverNumbers(limit_s=_ANSWER_S, outages=outages)


async def _outages(replica: Replica, targets: Sequence[Target], bench: Bench) -> dict[str, dict[str, list[Outage]]]:
    cases = named(build_cases(replica.session.models), *_KINDS)
    outages: dict[str, dict[str, list[Outage]]] = {fault: {target.name: [] for target in targets} for fault in FAULTS}
    async with open_trial(replica, targets, cases, slow_s=_ANSWER_S / 2) as trial:
        for number in range(1, bench.rounds + 1):
            for fault, order in FAULTS.items():
                for server, outage in (await trial.run(order)).items():
                    outages[fault][server].append(outage)
                bench.progress(f"Round {number} of {bench.rounds}: {fault}")
    return outages

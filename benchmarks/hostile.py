"""What a client waits while others send what is dear to check, or a flood of requests without a key."""

import asyncio
import gzip
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from benchmarks import cores
from benchmarks.figures import percentile
from benchmarks.flood import flood
from benchmarks.load import connect
from benchmarks.numbers.hostile import HostileNumbers, Row
from benchmarks.report import Bench
from benchmarks.requests import build_cases, named
from benchmarks.servers import Replica, run_replica

_CONNECTIONS = 8
_KEYLESS_CONNECTIONS = 200
_KEYLESS_PER_SECOND = 5000
_KEYLESS_S = 30.0
_PAUSE_S = 0.02
"""Between two requests of the measured client."""

_Statuses = Mapping[str, int] | None
_Load = Callable[[Replica], AbstractContextManager[_Statuses]]


def measure(bench: Bench) -> HostileNumbers:
    """Measure a client alone, beside dear bodies and beside requests without a key; also on a quarter of a core."""
    rows = []
    with run_replica(bench.stacks.get(), litellm="absent") as replica:
        pid = replica.session.gateway.popen.pid
        for core, quarter in (("", False), (", a quarter of a core", True)):
            for name, load, seconds in (
                ("alone", _nothing, bench.requests / 10),
                (f"{_CONNECTIONS} connections with dear bodies", _dear_bodies, bench.requests / 5),
                (f"{_CONNECTIONS} connections with short bodies", _short_bodies, bench.requests / 5),
                (f"{_KEYLESS_PER_SECOND:,} requests a second without a key", _no_key, _KEYLESS_S),
            ):
                if quarter and load is _no_key:
                    continue
                bench.progress(f"Measuring: {name}{core}")
                with cores.stopped(pid, 0.25) if quarter else nullcontext():
                    rows.append(_measure(replica, name + core, load, seconds=seconds))
    return HostileNumbers(rows=rows)


def _measure(replica: Replica, name: str, load: _Load, *, seconds: float) -> Row:
    lines = replica.session.output().count("\n")
    with load(replica) as statuses:
        begun = time.perf_counter()
        waited = asyncio.run(_ask(replica, seconds=seconds))
        took_s = time.perf_counter() - begun
    others = dict(statuses or {})
    return Row(
        name=name,
        seconds=round(took_s, 1),
        requests=len(waited),
        p50_ms=round(statistics.median(waited), 1),
        p95_ms=round(percentile(waited, 95), 1),
        longest_ms=round(max(waited), 1),
        others=others,
        others_per_second=round(sum(others.values()) / took_s, 1),
        log_lines=replica.session.output().count("\n") - lines - len(waited),
    )


async def _ask(replica: Replica, *, seconds: float) -> list[float]:
    """Ask again and again; return the milliseconds of each request."""
    cases = named(build_cases(replica.session.models), "embeddings, one text", "responses", "responses, streamed")
    waited = []
    async with connect(replica.gateway) as client:
        begun = time.perf_counter()
        while time.perf_counter() - begun < seconds:
            for case in cases:
                waited.append((await client.call(case)).whole)
                await asyncio.sleep(_PAUSE_S)
    return waited


@contextmanager
def _nothing(_: Replica) -> Iterator[None]:
    yield


def _dear_bodies(replica: Replica) -> AbstractContextManager[_Statuses]:
    """Send each of the bodies on a connection of its own."""
    model = build_cases(replica.session.models)[2].deployment
    return _with_key(replica, [_request(path, body, *headers) for path, body, *headers in _bodies(model)])


def _short_bodies(replica: Replica) -> AbstractContextManager[_Statuses]:
    """Of those that are checked at once, the dearest."""
    return _with_key(replica, [_request("/v1/responses", b'{"input":[' + b"[]," * 335 + b"[]]}")])


def _with_key(replica: Replica, requests: Sequence[bytes]) -> AbstractContextManager[_Statuses]:
    """Send them with a key of another project than the client's."""
    key = replica.session.keys["other"][0].encode()
    head, with_key = b"\r\nhost: gateway\r\n", b"\r\nhost: gateway\r\nauthorization: Bearer " + key + b"\r\n"
    requests = [request.replace(head, with_key, 1) for request in requests]
    return flood(replica.gateway.url, requests, connections=_CONNECTIONS)


def _bodies(model: str) -> Sequence[tuple[str, bytes, *tuple[str, ...]]]:
    """Bodies that are refused, at different points; all but the first and the last are just within the limits."""
    message = {"role": "user", "content": [{"type": "text", "text": "x"}]}
    code = "def read(path: str) -> list[str]:\n    return [line for line in open(path) if line]\n"
    return (
        ("/v1/responses", b'{"input":[' + b"[]," * 240_000 + b"[]]}"),
        ("/v1/responses", b'{"input":[' + b"[]," * 99_000 + b"[]]}"),
        ("/v1/responses", b'{"input":[' + b'{"a":1},' * 49_000 + b"{}]}"),
        ("/v1/embeddings", _json(input=[list(range(8192))] * 60)),
        ("/v1/chat/completions", _json(model=model, messages=[*[message] * 9_000, {"role": 1}])),
        ("/v1/responses", _json(input=code * (15_000_000 // len(code)))),
        ("/v1/responses", _json(**{f"field {number}": number for number in range(99_000)})),
        ("/v1/responses", gzip.compress(b" " * 50_000_000), "content-encoding: gzip"),
    )


def _no_key(replica: Replica) -> AbstractContextManager[_Statuses]:
    return flood(
        replica.gateway.url,
        [_request("/v1/responses", _json(model="m", input="hi"), f"x-forwarded-for: 203.0.113.{n}") for n in range(25)],
        connections=_KEYLESS_CONNECTIONS,
        per_second=_KEYLESS_PER_SECOND,
    )


def _request(path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: gateway", *headers, "content-type: application/json"]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def _json(**fields: object) -> bytes:
    return json.dumps(fields).encode()

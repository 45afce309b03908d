"""The client: raw bodies over connections that stay open, so that little of what is measured is its own work."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from benchmarks.errors import BenchmarkError
from benchmarks.requests import Case
from benchmarks.targets import Target

_HEADERS = {"content-type": "application/json", "accept-encoding": "identity"}
_TIMEOUT_S = 240.0


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Milliseconds from sending the request to the first byte of the answer's body, and to its last."""

    first: float
    whole: float


class Client:
    """A client of one target."""

    def __init__(self, *, target: Target, http: aiohttp.ClientSession) -> None:
        self._target = target
        self._http = http

    async def call(self, case: Case) -> Sample:
        """Make one request.

        Raises:
            BenchmarkError: the answer is not a whole, good one.
            aiohttp.ClientError: there was none, or it broke off.
        """
        url = self._target.url_of(case)
        if url is None:
            raise BenchmarkError(f"{self._target.name} does not answer {case.name}.")
        headers = self._target.headers_of(case)
        started = time.perf_counter()
        async with self._http.post(url, data=case.body, headers=headers) as response:
            parts = [await response.content.readany()]
            first = time.perf_counter()
            parts += [part async for part in response.content.iter_any()]
            ended = time.perf_counter()
        body = b"".join(parts)
        if response.status != 200 or case.ending not in body:
            said = body[:500].decode(errors="replace")
            raise BenchmarkError(f"{self._target.name} answered {case.name} with {response.status}: {said}")
        return Sample(first=1000 * (first - started), whole=1000 * (ended - started))

    async def one_by_one(self, case: Case, *, count: int) -> list[Sample]:
        """Make `count` requests, each after the answer to the one before."""
        return [await self.call(case) for _ in range(count)]

    async def per_second(self, case: Case, *, count: int, in_flight: int = 10) -> float:
        """Make `count` requests with `in_flight` of them under way at any time; return how many a second saw."""
        waiting = iter(range(count))

        async def worker() -> None:
            for _ in waiting:
                await self.call(case)

        started = time.perf_counter()
        async with asyncio.TaskGroup() as workers:
            for _ in range(in_flight):
                workers.create_task(worker())
        return count / (time.perf_counter() - started)


@asynccontextmanager
async def connect(target: Target) -> AsyncIterator[Client]:
    """Open a client with connections of its own."""
    async with aiohttp.ClientSession(
        headers=_HEADERS, connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S)
    ) as http:
        yield Client(target=target, http=http)

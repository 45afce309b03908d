"""A long mixed load, while two of three regions fail at random: no client notices, and nothing piles up."""

import json
import os
import random
import signal
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from local.runner.session import Session, run
from tests.conftest import SOAK_S

from .conftest import Client
from .regions import Azure, eventually
from .stacks import stack_of
from .surfaces import EMBEDDING, SURFACES, TEXT, TRANSLATED, Surface

_ANSWER = "the answer"
_CUT = "a part, then APIError upstream_interrupted"
_WORKERS = 6
_LEAVE_EVERY = 25  # requests, after which a client goes away in the middle of one
_BATCH = 60
_WARM_UP = 0.25  # of the time: pools, caches and the memory of conversations fill
_GROWTH_MB = 12.0
_DESCRIPTORS = 150
_IDLE_S = 60.0
_MOMENT_S = 2.0  # a busy machine writes the line of a request later than it broke off
_PATIENCE = {
    "timeouts__connect_s": 2,
    "timeouts__first_event_s": 3,
    "timeouts__answer_s": 3,
    "timeouts__embeddings_s": 3,
    "timeouts__litellm_s": 20,
    "timeouts__litellm_start_s": 20,
    "timeouts__total_s": 30,
}
_BEFORE_THE_FIRST_BYTE: list[dict[str, object]] = [
    {"fault": "429"},
    {"fault": "429", "retry_after": 1},
    {"fault": "500"},
    {"fault": "503"},
    {"fault": "408"},
    {"fault": "hang_before_headers"},
    {"fault": "hang_before_first_event"},
    {"fault": "slow_first_token", "delay_s": 0.3},
    {"fault": "refused"},
    {"fault": "reset"},
    {"fault": "malformed_json"},
    {"fault": "wrong_content_type"},
    {"fault": "error_event", "after_events": 1},
    {"fault": "cut_mid_stream", "after_events": 1},
    {"fault": "cut_mid_stream", "surface": "embeddings"},
    {"fault": "stall_mid_stream", "surface": "embeddings"},
]


def _embed_batch(client: openai.OpenAI, model: str, prompt: str, said: list[str]) -> bool:
    batch = client.embeddings.create(model=model, input=[f"{prompt} {number}" for number in range(_BATCH)])
    said.append(TEXT)
    return [item.index for item in batch.data] == list(range(_BATCH))


_EVERYWHERE = (
    *SURFACES,
    *TRANSLATED,
    Surface(name="a batch of embeddings", model=EMBEDDING, route="embeddings", speak=_embed_batch),
)


@dataclass
class Meter:
    """The gateway's process, as the kernel sees it."""

    process: Path
    megabytes: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def read(self) -> None:
        """Take a sample."""
        pages = int((self.process / "statm").read_text().split()[1])
        self.megabytes.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
        self.descriptors.append(len(list((self.process / "fd").iterdir())))

    def connections(self) -> set[tuple[int, int]]:
        """The ports of its established connections: here, and at the other end."""
        sockets = {link.readlink().name for link in (self.process / "fd").iterdir() if link.is_symlink()}
        rows = [row.split() for row in (self.process / "net/tcp").read_text().splitlines()[1:]]
        ports = [(_port(row[1]), _port(row[2])) for row in rows if f"socket:[{row[9]}]" in sockets]
        return {(here, there) for here, there in ports if there}

    @property
    def growth(self) -> float:
        """Megabytes that the process has grown by after its warm-up, from one stretch of time to the last one."""
        warm = self.megabytes[int(len(self.megabytes) * _WARM_UP) :]
        stretch = max(1, len(warm) // 4)
        return statistics.median(warm[-stretch:]) - statistics.median(warm[:stretch])


def _port(address: str) -> int:
    return int(address.partition(":")[2], 16)


@pytest.fixture
def stack(synthesis_environ: dict[str, str], tmp_path: Path) -> Iterator[Session]:
    """A stack of its own, which nobody else has warmed up, which may be stopped, and which bears a slow machine."""
    stack = stack_of("regions", outdir=tmp_path / "out", environ=synthesis_environ, **_PATIENCE)
    with run(stack=stack, environ={}, secrets=tmp_path / "secrets.json") as session:
        yield session


def _work(client: Client, until: float, seed: int) -> Counter[str]:
    """Ask on one surface after the other, and count what was seen; every so often leave in the middle of it."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    seen: Counter[str] = Counter()
    number = 0
    while time.monotonic() < until:
        number += 1
        surface = chance.choice(_EVERYWHERE)
        if number % _LEAVE_EVERY == 0:
            _leave(client, chance)
            seen["left"] += 1
        else:
            what = client.ask(surface).what
            seen[what if what in (_ANSWER, _CUT) else f"{surface.name}: {what}"] += 1
        time.sleep(chance.uniform(0.0, 0.1))
    return seen


def _leave(client: Client, chance: random.Random) -> None:
    surface = chance.choice([surface for surface in _EVERYWHERE if surface.streamed])
    url, headers = f"{client.sdk.base_url}{surface.route}", {"authorization": f"Bearer {client.sdk.api_key}"}
    body = surface.body("count to 3000")
    with (
        httpx.Client(trust_env=False, timeout=60) as http,
        http.stream("POST", url, json=body, headers=headers) as reply,
    ):
        next(reply.iter_bytes())


def _spoil(azures: list[Azure], done: threading.Event) -> list[float]:
    """Give the failing regions one fault after the other, with moments of health in between.

    Return when a region began to refuse connections: whatever it sends at that moment breaks off.
    """
    refusals: list[float] = []
    chance = random.Random(0)  # noqa: S311 - not a secret
    while not done.wait(chance.uniform(0.2, 1.5)):
        azure = chance.choice(azures)
        azure.clear()
        if chance.random() < 0.75:
            fault = {"count": chance.choice([1, 3, -1]), **chance.choice(_BEFORE_THE_FIRST_BYTE)}
            if fault["fault"] == "refused":
                refusals.append(time.time())
            azure.fail(**fault)  # type: ignore[arg-type]
    for azure in azures:
        azure.clear()
    return refusals


@pytest.fixture
def azures(stack: Session) -> Iterator[list[Azure]]:
    """Its regions; the last one stays healthy."""
    with ExitStack() as clients:
        yield [
            Azure(clients.enter_context(httpx.Client(base_url=emulator.control_url, trust_env=False)))
            for emulator in stack.emulators.values()
        ]


@pytest.mark.soak
def test_a_long_load_on_failing_regions(
    stack: Session, azures: list[Azure], user_of: Callable[[Session], Client], pytestconfig: pytest.Config
) -> None:
    seconds = pytestconfig.getoption("--soak-seconds") or SOAK_S
    clients = [user_of(stack) for _ in range(_WORKERS)]
    meter = Meter(Path("/proc", str(stack.gateway.popen.pid)))
    litellm = Meter(Path("/proc", str(stack.litellm.popen.pid)))
    done, until = threading.Event(), time.monotonic() + seconds
    with ThreadPoolExecutor(_WORKERS + 1) as pool:
        spoiling = pool.submit(_spoil, azures[:2], done)
        working = [pool.submit(_work, client, until, seed) for seed, client in enumerate(clients)]
        try:
            while time.monotonic() < until:
                meter.read()
                azures[2].control.delete("/requests")  # what it remembers must not slow it down
                time.sleep(1.0)
            seen = sum((work.result() for work in working), Counter[str]())
        finally:
            done.set()
        refusals = spoiling.result()
    for client in clients:
        client.sdk.close()
    figures = (
        f"{seconds:.0f} s, {seen.total()} requests: {dict(seen)}; memory {meter.megabytes[0]:.0f} to "
        f"{meter.megabytes[-1]:.0f} MB, {meter.growth:+.1f} MB after the warm-up; descriptors at most "
        f"{max(meter.descriptors)}"
    )
    print(figures)  # noqa: T201 - shown with -s, and when it fails
    assert set(seen) <= {_ANSWER, _CUT, "left"}, figures
    assert meter.growth < _GROWTH_MB, figures
    assert max(meter.descriptors) < _DESCRIPTORS, figures

    # Nothing is wedged: of all connections those remain that LiteLLM keeps for its next call, every request has its
    # line, and there is nothing to wait for at the end.
    def left() -> set[tuple[int, int]]:
        return meter.connections() - {(here, there) for there, here in litellm.connections()}

    eventually(lambda: not left(), within_s=_IDLE_S)
    assert not left()
    assert len(meter.connections()) <= 4 * _WORKERS

    def logged() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in stack.output().splitlines()]
        return [line for line in lines if "event" not in line]

    eventually(lambda: len(logged()) >= seen.total())  # a line follows the end of its connection
    requests = logged()
    assert len(requests) == seen.total(), figures
    cut = [line for line in requests if line["error"] not in (None, "client_closed")]
    assert {line["error"] for line in cut} <= {"upstream_interrupted"}
    assert len(cut) >= seen[_CUT]
    for line in cut:
        at = datetime.fromisoformat(line["time"]).timestamp()
        assert min(abs(at - refusal) for refusal in refusals) < _MOMENT_S, (line, refusals)
    assert all(call["status"] is not None for azure in azures for call in azure.requests())
    stack.gateway.popen.send_signal(signal.SIGTERM)
    assert stack.gateway.popen.wait(15) == 0

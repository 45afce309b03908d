"""The soak: a long mixed load in front of failing regions. No client sees a failure, and nothing accumulates."""

import os
import random
import signal
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import openai
import pytest

from local.runner.session import Session, run
from tests.conftest import SOAK_S

from .azure_regions import AzureRegions, EmulatorControl, GatewayLog, eventually, litellm_pid
from .conftest import Client
from .stacks import changed
from .surfaces import ALL_SURFACES, ANSWER, EMBEDDING, TEXT, Surface

_CUT = "a part, then APIError upstream_interrupted"
_WORKERS = 6
_DISCONNECT_EVERY = 25  # requests
_BATCH = 60
_WARM_UP = 0.25  # of the time: pools, caches and the memory of conversations fill
_GROWTH_MB = 12.0
_DESCRIPTORS = 150
_IDLE_S = 60.0
_LATE_S = 2.0  # a busy machine writes the line of a request later than it broke off
# For a busy machine.
_TIMEOUTS = {
    "connect_s": 2,
    "body_s": 10,
    "headers_s": 3,
    "first_event_s": 3,
    "answer_s": 3,
    "embeddings_s": 3,
    "litellm_s": 20,
    "litellm_start_s": 20,
    "total_s": 30,
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


def _embed_batch(client: openai.OpenAI, model: str, prompt: str, received: list[str]) -> bool:
    batch = client.embeddings.create(model=model, input=[f"{prompt} {number}" for number in range(_BATCH)])
    received.append(TEXT)
    return [item.index for item in batch.data] == list(range(_BATCH))


_SURFACES = (
    *ALL_SURFACES,
    Surface(name="a batch of embeddings", model=EMBEDDING, route="embeddings", call=_embed_batch),
)


@dataclass
class Meter:
    """Memory, descriptors and connections of a process."""

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
        sockets = set()
        for link in (self.process / "fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                sockets.add(link.readlink().name)
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
def replica_to_load(
    regions: Session, regions_stack: Path, regions_secrets: Path, tmp_path: Path, azure: AzureRegions
) -> Iterator[Session]:
    """A replica that starts cold and may be stopped, in front of the same regions."""
    del azure
    with run(
        stack=changed(regions_stack, file=tmp_path / "cdk.tf.json", timeouts=_TIMEOUTS),
        environ={},
        upstreams={name: emulator.url for name, emulator in regions.emulators.items()},
        secrets=regions_secrets,
    ) as session:
        yield session


def _work(client: Client, until: float, seed: int) -> Counter[str]:
    """Call random surfaces and count the outcomes; disconnect in the middle of some streams."""
    random_ = random.Random(seed)  # noqa: S311 - not a secret
    outcomes: Counter[str] = Counter()
    number = 0
    while time.monotonic() < until:
        number += 1
        surface = random_.choice(_SURFACES)
        if number % _DISCONNECT_EVERY == 0:
            _disconnect(client, random_)
            outcomes["disconnected"] += 1
        else:
            outcome = client.call(surface).text
            outcomes[outcome if outcome in (ANSWER, _CUT) else f"{surface.name}: {outcome}"] += 1
        time.sleep(random_.uniform(0.0, 0.1))
    return outcomes


def _disconnect(client: Client, random_: random.Random) -> None:
    surface = random_.choice([surface for surface in _SURFACES if surface.streamed])
    url, headers = f"{client.sdk.base_url}{surface.route}", {"authorization": f"Bearer {client.sdk.api_key}"}
    body = surface.body("count to 3000")
    with (
        httpx.Client(trust_env=False, timeout=60) as http,
        http.stream("POST", url, json=body, headers=headers) as response,
    ):
        next(response.iter_bytes())


def _inject_faults(regions: list[EmulatorControl], done: threading.Event) -> list[float]:
    """Give the regions one fault after the other, with moments of health in between.

    Return when a region began to refuse connections: what it is sending at that moment breaks off.
    """
    refusals: list[float] = []
    random_ = random.Random(0)  # noqa: S311 - not a secret
    while not done.wait(random_.uniform(0.2, 1.5)):
        region = random_.choice(regions)
        region.clear()
        if random_.random() < 0.75:
            fault = {"count": random_.choice([1, 3, -1]), **random_.choice(_BEFORE_THE_FIRST_BYTE)}
            if fault["fault"] == "refused":
                refusals.append(time.time())
            region.fail(**fault)  # type: ignore[arg-type]
    for region in regions:
        region.clear()
    return refusals


@pytest.mark.soak
@pytest.mark.litellm
def test_a_long_load_on_failing_regions(
    replica_to_load: Session,
    azure: AzureRegions,
    client_of: Callable[[Session], Client],
    pytestconfig: pytest.Config,
) -> None:
    seconds = pytestconfig.getoption("--soak-seconds") or SOAK_S
    clients = [client_of(replica_to_load) for _ in range(_WORKERS)]
    gateway = Meter(Path("/proc", str(replica_to_load.gateway.popen.pid)))
    litellm = Meter(Path("/proc", str(litellm_pid(replica_to_load))))
    *failing, healthy = azure.regions.values()
    done, until = threading.Event(), time.monotonic() + seconds
    with ThreadPoolExecutor(_WORKERS + 1) as pool:
        injecting = pool.submit(_inject_faults, failing, done)
        working = [pool.submit(_work, client, until, seed) for seed, client in enumerate(clients)]
        try:
            while time.monotonic() < until:
                gateway.read()
                healthy.http.delete("/requests")  # a long record would slow the emulator down
                time.sleep(1.0)
            outcomes = sum((work.result() for work in working), Counter[str]())
        finally:
            done.set()
        refusals = injecting.result()
    for client in clients:
        client.sdk.close()
    figures = (
        f"{seconds:.0f} s, {outcomes.total()} requests: {dict(outcomes)}; memory {gateway.megabytes[0]:.0f} to "
        f"{gateway.megabytes[-1]:.0f} MB, {gateway.growth:+.1f} MB after the warm-up; descriptors at most "
        f"{max(gateway.descriptors)}"
    )
    print(figures)  # noqa: T201 - shown with -s, and when it fails
    assert set(outcomes) <= {ANSWER, _CUT, "disconnected"}, figures
    assert gateway.growth < _GROWTH_MB, figures
    assert max(gateway.descriptors) < _DESCRIPTORS, figures

    # Nothing is left over: no connection but those that LiteLLM keeps for its next call, a line for every request,
    # and nothing that SIGTERM would have to wait for.
    def left() -> set[tuple[int, int]]:
        return gateway.connections() - {(here, there) for there, here in litellm.connections()}

    eventually(lambda: not left(), within_s=_IDLE_S)
    assert not left()
    assert len(gateway.connections()) <= 4 * _WORKERS

    lines = GatewayLog(replica_to_load.gateway.log).lines_after(0, count=outcomes.total())
    assert len(lines) == outcomes.total(), figures
    cut = [line for line in lines if line["error"] not in (None, "client_closed")]
    assert {line["error"] for line in cut} <= {"upstream_interrupted"}
    assert len(cut) >= outcomes[_CUT]
    for line in cut:
        at = datetime.fromisoformat(line["time"]).timestamp()
        assert min(abs(at - refusal) for refusal in refusals) < _LATE_S, (line, refusals)
    assert all(request["status"] is not None for region in azure.regions.values() for request in region.requests())
    replica_to_load.gateway.popen.send_signal(signal.SIGTERM)
    assert replica_to_load.gateway.popen.wait(15) == 0

"""What the tests of the benchmarks share: the stack that they run, its replica, and a stock LiteLLM beside it."""

from collections.abc import Iterator

import pytest

from benchmarks import litellm
from benchmarks.report import Bench
from benchmarks.servers import Replica, run_litellm, run_replica
from benchmarks.stacks import Stacks
from benchmarks.targets import Target


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The shortest measurement, without progress."""
    stacks = Stacks(tmp_path_factory.mktemp("benchmarks"))
    return Bench(stacks=stacks, rounds=1, requests=2, progress=lambda _: None)


@pytest.fixture(scope="session")
def replica(bench: Bench) -> Iterator[Replica]:
    """The gateway with everything on, and three regions; its LiteLLM may still be loading."""
    with run_replica(bench.stacks.get()) as replica:
        yield replica


@pytest.fixture(scope="session")
def stock(bench: Bench, replica: Replica) -> Iterator[Target]:
    """A stock LiteLLM with the same three regions."""
    regions = tuple(replica.azures.values())
    configuration = litellm.in_regions(replica.session.models, azures=regions, timeout_s=10, cooldown_s=1)
    with run_litellm(bench.stacks.get(), configuration=configuration) as (target, _):
        yield target

"""What all tests share: options, the synthesized stacks, and two of them running."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

import hypothesis
import pytest

from local.runner.session import Session, run
from tests import fixed_environments
from tests.cloud.real_az import real_az
from tests.gateway.whole.stacks import ROOT, stack_in, synthesize_environment
from tests.shared import shared_folder

__all__ = ["real_az"]

SOAK_S = 900.0

# A busy machine is no failure, and what was found belongs into a test of its own, not into a folder here.
# The quick run has the same examples everywhere, so that it fails for a change alone; `--full` looks for new ones.
_EVERYWHERE = hypothesis.settings(
    deadline=None, database=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("quick", _EVERYWHERE)
hypothesis.settings.register_profile("full", _EVERYWHERE, derandomize=False)
# A run in the background would have Ctrl-C ignored by all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Models retire (settings/dates.py); what the tests synthesize is of one day, whatever day it is.
os.environ["SOURCE_DATE_EPOCH"] = str(int(datetime(2026, 12, 1, tzinfo=UTC).timestamp()))
# What the tests start is on this machine, whatever proxy leads out of it.
for _name in ("NO_PROXY", "no_proxy"):
    os.environ[_name] = ",".join(filter(None, (os.environ.get(_name), "127.0.0.1,localhost")))


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a run."""
    options = parser.getgroup("gateway")
    options.addoption(
        "--litellm", metavar="VERSION", help="run only the tests marked `litellm`, with this version of LiteLLM"
    )
    options.addoption(
        "--write-reliability", action="store_true", help="write what the fault tests observe into docs/reliability.md"
    )
    options.addoption(
        "--write-parameters", action="store_true", help="write what becomes of chat parameters into docs/clients.md"
    )
    options.addoption(
        "--soak-seconds", type=float, metavar="N", help=f"run the soak, for so long (with -m soak: {SOAK_S:.0f})"
    )
    options.addoption("--full", action="store_true", help="run the tests marked `full`, too")


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, and choose the examples of property tests."""
    hypothesis.settings.load_profile("full" if config.getoption("--full") else "quick")
    config.addinivalue_line("markers", "soak: a long load, run by `--soak-seconds N` or `-m soak`")
    config.addinivalue_line("markers", "litellm: needs LiteLLM; run again by `--litellm VERSION`")
    config.addinivalue_line("markers", "provider: long, with the azurerm provider; run by `--full` or `-m provider`")
    config.addinivalue_line("markers", "full: long; run by `scripts/test.py --full`, `--full` or `-m full`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that need an option or a mark expression which the run does not have."""
    full = config.getoption("--full")
    selected = {"soak": config.getoption("--soak-seconds") is not None, "full": full, "provider": full}
    excluded = {name for name, is_selected in selected.items() if not is_selected} - set(config.getoption("-m").split())
    required = {"litellm"} if config.getoption("--litellm") else set[str]()
    chosen: list[pytest.Item] = []
    deselected: list[pytest.Item] = []
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        (deselected if marks & excluded or not required <= marks else chosen).append(item)
    config.hook.pytest_deselected(items=deselected)
    items[:] = chosen


@pytest.fixture(scope="session")
def synthesis_environ(pytestconfig: pytest.Config) -> dict[str, str]:
    """The environment of a synthesis: none of the caller's overrides, and the LiteLLM that the run was told to use."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AIGATEWAY_")}
    if version := pytestconfig.getoption("--litellm"):
        environ["AIGATEWAY_CONTAINERS__IMAGE"] = f"ghcr.io/berriai/litellm:v{version}@sha256:{'0' * 64}"
    return environ


@pytest.fixture(scope="session")
def stacks(synthesis_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the stacks that `main.py` writes, as a user's call writes them."""

    def synthesize(outdir: Path) -> None:
        environ = {**synthesis_environ, "CDKTF_OUTDIR": str(outdir)}
        subprocess.run([sys.executable, "main.py"], cwd=ROOT, env=environ, check=True)

    return shared_folder(tmp_path_factory, "cdktf.out", synthesize) / "stacks"


@pytest.fixture(scope="session")
def known_stacks(synthesis_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of tests/environments: dev, staging and prod, whatever the repository's own have become."""
    synthesize = partial(fixed_environments.synthesize, environ=synthesis_environ)
    return shared_folder(tmp_path_factory, "known.out", synthesize) / "stacks"


@pytest.fixture(scope="session")
def optional_stacks(synthesis_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stacks `keyless` and `complete`, with the parts that settings turn on."""
    synthesize = partial(fixed_environments.synthesize, environ=synthesis_environ, files=fixed_environments.OPTIONAL)
    return shared_folder(tmp_path_factory, "optional.out", synthesize) / "stacks"


@pytest.fixture(scope="session")
def session(stacks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The gateway and the real LiteLLM of the dev stack, with the emulator behind them."""
    secrets = tmp_path_factory.mktemp("secrets") / "secrets.json"
    with run(stack=stacks / "aigateway-dev/cdk.tf.json", environ={}, secrets=secrets) as session:
        yield session


@pytest.fixture(scope="session")
def regions_stack(synthesis_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack of tests/gateway/environments/regions.toml."""

    folder = shared_folder(
        tmp_path_factory, "regions.out", partial(synthesize_environment, "regions", environ=synthesis_environ)
    )
    return stack_in(folder, "regions")


@pytest.fixture(scope="session")
def keyless_regions_stack(synthesis_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a managed identity instead of Azure's keys."""
    environ = {**synthesis_environ, "AIGATEWAY_KEYLESS": "true"}
    folder = shared_folder(
        tmp_path_factory, "keyless_regions.out", partial(synthesize_environment, "regions", environ=environ)
    )
    return stack_in(folder, "regions")


@pytest.fixture(scope="session")
def keyless_stack(synthesis_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack of tests/gateway/environments/keyless.toml: regions of its own, and telemetry."""
    folder = shared_folder(
        tmp_path_factory, "keyless.out", partial(synthesize_environment, "keyless", environ=synthesis_environ)
    )
    return stack_in(folder, "keyless")


@pytest.fixture(scope="session")
def regions_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of these stacks, the same for each of their replicas."""
    return tmp_path_factory.mktemp("secrets") / "secrets.json"


@pytest.fixture(scope="session")
def regions(request: pytest.FixtureRequest, regions_stack: Path, regions_secrets: Path) -> Iterator[Session]:
    """That stack, running: three emulated regions, the gateway and, where a test needs it, the real LiteLLM."""
    with run(stack=regions_stack, environ={}, secrets=regions_secrets, litellm=_litellm(request)) as session:
        yield session


@pytest.fixture(scope="session")
def keyless_regions(
    request: pytest.FixtureRequest, keyless_regions_stack: Path, regions_secrets: Path
) -> Iterator[Session]:
    """The same without keys, and with regions of its own."""
    with run(stack=keyless_regions_stack, environ={}, secrets=regions_secrets, litellm=_litellm(request)) as session:
        yield session


def _litellm(request: pytest.FixtureRequest) -> Literal["ready", "absent"]:
    needed = any(item.get_closest_marker("litellm") for item in request.session.items)
    return "ready" if needed else "absent"

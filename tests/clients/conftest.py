"""The gateway, the real LiteLLM and the emulator of the dev stack, and the files that up.py writes for clients."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import httpx
import pytest

from local.runner.session import Session, run
from scripts import up
from scripts.setup.prepare import prepare
from scripts.terraform import stacks as synthesized
from tests.gateway.whole.azure_regions import EmulatorControl
from tests.gateway.whole.stacks import changed

from .programs import NOTE, Place

KEEP_ALIVE_S = 0.2


@pytest.fixture(scope="session")
def gateway(stacks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The dev stack, whose streams have a comment after the shortest silence."""
    folder = tmp_path_factory.mktemp("clients")
    stack = changed(
        stacks / "aigateway-dev/cdk.tf.json", file=folder / "cdk.tf.json", timeouts={"keep_alive_s": KEEP_ALIVE_S}
    )
    with run(stack=stack, environ={}, secrets=folder / "secrets.json") as session:
        yield session


@pytest.fixture(scope="session")
def _azure(gateway: Session) -> Iterator[EmulatorControl]:
    (emulator,) = gateway.emulators.values()
    with httpx.Client(base_url=emulator.control_url, trust_env=False) as http:
        yield EmulatorControl(http)


@pytest.fixture
def azure(_azure: EmulatorControl) -> Iterator[EmulatorControl]:
    """What stands for Azure, without faults and requests of other tests."""
    _azure.clear()
    yield _azure
    _azure.clear()


@pytest.fixture(scope="session")
def files(gateway: Session, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files that up.py writes, with this gateway in the place of one that it would start."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(up, "run", lambda **_: nullcontext(gateway))
        patch.setattr(up, "STATE", folder)
        patch.setattr(synthesized, "synthesize", lambda: None)
        patch.setattr("sys.argv", ["up.py", "--once", "--port", "0"])
        up.main()
    return folder / "clients"


@pytest.fixture(scope="session")
def _installed() -> None:
    prepare(clients=True)


@pytest.fixture
def place(files: Path, _installed: None, tmp_path: Path) -> Place:
    """Where a client runs; the note has the path of the folder, so that nobody can guess it."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    (work / NOTE).write_text(f"The note in {work}", encoding="utf-8")
    return Place(files=files, home=home, work=work)

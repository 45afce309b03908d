"""One emulator process for all tests, forgetful between them, and the same program inside the test's process."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from local.emulator.configuration import Configuration
from local.emulator.door import Door
from local.emulator.plane import DataPlane
from tests.emulator.process import KEY, Running, run


@pytest.fixture(scope="session")
def _process() -> Iterator[Running]:
    with run() as running:
        yield running


@pytest.fixture
def emulator(_process: Running) -> Iterator[Running]:
    yield _process
    _process.forget()


@pytest.fixture
def plane() -> DataPlane:
    configuration = Configuration()
    return DataPlane(configuration=configuration, door=Door(configuration=configuration, key=KEY))


@pytest.fixture
def client(plane: DataPlane) -> Iterator[TestClient]:
    """Calls the data plane in this process; a mistake in it is an exception here, not a 500."""
    with TestClient(plane.app(), headers={"api-key": KEY}) as client:
        yield client

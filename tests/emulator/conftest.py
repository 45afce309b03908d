"""One emulator process for all tests, reset after each, and the same app inside the test's process."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from local.emulator.authentication import Authentication
from local.emulator.configuration import Configuration
from local.emulator.data_plane import DataPlane
from tests.emulator.process import KEY, Emulator, run


@pytest.fixture(scope="session")
def _process() -> Iterator[Emulator]:
    with run() as running:
        yield running


@pytest.fixture
def emulator(_process: Emulator) -> Iterator[Emulator]:
    yield _process
    _process.reset()


@pytest.fixture
def plane() -> DataPlane:
    configuration = Configuration()
    return DataPlane(configuration=configuration, authentication=Authentication(key=KEY))


@pytest.fixture
def client(plane: DataPlane) -> Iterator[TestClient]:
    """Calls the data plane in this process: an error in it is an exception here, not a 500."""
    with TestClient(plane.app(), headers={"api-key": KEY}) as client:
        yield client

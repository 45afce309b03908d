"""The fixture `cloud` for the tests of the bootstrap, and the results of complete runs."""

from pathlib import Path

import pytest

from tests.bootstrap.runs import bootstrap
from tests.cloud.fixtures import Cloud, cloud

__all__ = ["cloud"]


@pytest.fixture(scope="session")
def stacks(known_stacks: Path) -> Path:
    """Only the known ones."""
    return known_stacks


@pytest.fixture(scope="session")
def all_prepared(known_stacks: Path, tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """Azure after a bootstrap of every environment; read only."""
    prepared = Cloud(tmp_path_factory.mktemp("all-prepared"), stacks=known_stacks)
    ran = bootstrap(prepared)
    assert ran.code == 0, ran.err
    return prepared


@pytest.fixture(scope="session")
def dev_prepared(known_stacks: Path, tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """Azure after a bootstrap of dev; read only."""
    prepared = Cloud(tmp_path_factory.mktemp("dev-prepared"), stacks=known_stacks)
    ran = bootstrap(prepared, "--env", "dev")
    assert ran.code == 0, ran.err
    return prepared

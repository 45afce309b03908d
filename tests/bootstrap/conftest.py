"""The fixture `cloud` for all tests of the bootstrap, and what a finished one leaves behind."""

from pathlib import Path

import pytest

from tests.bootstrap.runs import bootstrap
from tests.cloud.stand_ins import Cloud, cloud

__all__ = ["cloud"]


@pytest.fixture(scope="session")
def stacks(known_stacks: Path) -> Path:
    """Here none but the known ones."""
    return known_stacks


@pytest.fixture(scope="session")
def all_done(known_stacks: Path, tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """A finished bootstrap of every environment; only to be looked at."""
    done = Cloud(tmp_path_factory.mktemp("all-done"), stacks=known_stacks)
    ran = bootstrap(done)
    assert ran.code == 0, ran.err
    return done


@pytest.fixture(scope="session")
def dev_done(known_stacks: Path, tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """The same of `dev` alone."""
    done = Cloud(tmp_path_factory.mktemp("dev-done"), stacks=known_stacks)
    ran = bootstrap(done, "--env", "dev")
    assert ran.code == 0, ran.err
    return done

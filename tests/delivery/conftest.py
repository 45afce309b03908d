"""The fixtures `delivery`, in this process with stand-ins, and `checkout`, with the real cdktf CLI and Terraform."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.setup.prepare import prepare, tool
from tests.cloud.fixtures import Cloud, cloud
from tests.delivery import stand_ins
from tests.delivery.checkout import FOREIGN, HAS_TERRAFORM, Checkout, clone_to
from tests.delivery.stand_ins import SECRETS, Delivery
from tests.delivery.state import State, serve

__all__ = ["cloud"]


@pytest.fixture
def delivery(cloud: Cloud, known_stacks: Path, monkeypatch: pytest.MonkeyPatch) -> Delivery:
    """Everything in place, the secrets as well."""
    return stand_ins.delivery(cloud, known_stacks, monkeypatch)


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with the tests' app."""
    prepare(node=True)
    folder = tmp_path_factory.mktemp("delivery") / "clone"
    clone_to(folder)
    return folder


@pytest.fixture(scope="session")
def terraform() -> Path:
    """The folder of the real Terraform, which PyPI has for one platform."""
    if not HAS_TERRAFORM:
        pytest.skip("PyPI has Terraform for Linux on x86-64 alone")
    prepare(tools=["terraform"])
    return tool("terraform").parent


@pytest.fixture
def state() -> Iterator[State]:
    """An empty one."""
    with serve() as state:
        yield state


@pytest.fixture
def checkout(clone: Path, terraform: Path, state: State, tmp_path: Path) -> Checkout:
    """Everything in place, the secrets as well."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "terraform").symlink_to(terraform / "terraform")
    path = os.pathsep.join([str(programs), inherited["PATH"]])
    return Checkout(clone=clone, folder=tmp_path, state=state, environ={**inherited, **SECRETS, "PATH": path})

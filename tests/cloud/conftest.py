"""The fixtures `cloud` and `dev_done`."""

from tests.bootstrap.conftest import dev_done
from tests.cloud.stand_ins import cloud

__all__ = ["cloud", "dev_done"]

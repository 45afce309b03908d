"""The fixtures `cloud` and `dev_prepared`."""

from tests.bootstrap.conftest import dev_prepared
from tests.cloud.stand_ins import cloud

__all__ = ["cloud", "dev_prepared"]

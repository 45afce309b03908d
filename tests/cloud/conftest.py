"""The fixtures `cloud` and `dev_prepared`."""

from tests.bootstrap.conftest import dev_prepared
from tests.cloud.fixtures import cloud

__all__ = ["cloud", "dev_prepared"]

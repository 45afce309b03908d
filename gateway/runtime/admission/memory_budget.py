"""How much memory the bodies of requests may use at a time; a request that exceeds it is refused."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import RefusedError, error_response

Reserve = Callable[[int], None]


class MemoryBudget:
    """A number of bytes for all requests of the replica. A project gets at most half, unless it is the only one."""

    def __init__(self, size: int, *, projects: int) -> None:
        self._size = self._free = size
        self._project_limit = size if projects == 1 else size // 2
        self._used: Counter[str] = Counter()

    @contextmanager
    def share(self, project: str) -> Iterator[Reserve]:
        """Yield a function that reserves bytes for a request; all are released at the end of the block.

        The function raises RefusedError: 413 if the request can never fit, 503 if it does not fit now.
        """
        reserved = 0

        def reserve(size: int) -> None:
            nonlocal reserved
            if reserved + size > self._size:
                message = "The request needs more memory than the gateway has."
                raise RefusedError(error_response(413, message, code="request_too_large"))
            # The only request of a project may exceed the project's limit.
            is_over_limit = self._used[project] > reserved and self._used[project] + size > self._project_limit
            if is_over_limit or size > self._free:
                message = "The gateway has no memory for another long request now. Please try again."
                raise RefusedError(
                    error_response(503, message, type="server_error", code="overloaded", retry_after_s=1.0)
                )
            self._free -= size
            self._used[project] += size
            reserved += size

        try:
            yield reserve
        finally:
            self._free += reserved
            self._used[project] -= reserved

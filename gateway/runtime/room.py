"""How much of clients' words is held in memory at a time: who sends more than there is room for comes again."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import RefusedError, error

Take = Callable[[int], None]


class Room:
    """Room for so many bytes, shared by all requests of the replica; no project has all of it but an only one."""

    def __init__(self, size: int, *, projects: int) -> None:
        self._size = self._left = size
        self._most = size if projects == 1 else size // 2
        self._held: Counter[str] = Counter()

    @contextmanager
    def share(self, project: str) -> Iterator[Take]:
        """Give a function that takes so many bytes more, or raises RefusedError: 503, 413; all come back in the end."""
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            if taken + size > self._size:
                raise RefusedError(
                    error(413, "The request is too large to be held in memory.", code="request_too_large")
                )
            # A request alone may be of any size that there is room for.
            shared = self._held[project] > taken and self._held[project] + size > self._most
            if shared or size > self._left:
                message = "The gateway holds as many long requests as it can. Please try again."
                raise RefusedError(error(503, message, type="server_error", code="overloaded", retry_after=1.0))
            self._left -= size
            self._held[project] += size
            taken += size

        try:
            yield take
        finally:
            self._left += taken
            self._held[project] -= taken

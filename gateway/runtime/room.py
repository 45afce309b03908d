"""How much of clients' words is held in memory at a time: who sends more than there is room for comes again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import RefusedError, error

Take = Callable[[int], None]


class Room:
    """Room for some bytes of bodies, shared by all requests of the replica."""

    def __init__(self, size: int) -> None:
        self._left = size

    @contextmanager
    def share(self) -> Iterator[Take]:
        """Give a function that takes so many bytes more, or raises RefusedError: 503; they come back in the end."""
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            if size > self._left:
                message = "The gateway holds as many long requests as it can. Please try again."
                raise RefusedError(error(503, message, type="server_error", code="overloaded", retry_after=1.0))
            self._left -= size
            taken += size

        try:
            yield take
        finally:
            self._left += taken

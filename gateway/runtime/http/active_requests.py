"""The requests that are being answered: LiteLLM's calls find theirs here, and a shutdown waits for them."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..context import RequestContext, now


class ActiveRequests:
    """The contexts of the requests of clients; inner calls belong to one of them."""

    def __init__(self) -> None:
        self.is_draining = False
        self._contexts: dict[str, RequestContext] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def open(self, *, route: str, total_s: float) -> Iterator[RequestContext]:
        """Create the context of a new request, whose first byte is due in `total_s`; it is active inside the block."""
        started = now()
        context = RequestContext(request_id=uuid.uuid4().hex, route=route, started=started, deadline=started + total_s)
        self._contexts[context.inner.token] = context
        self._idle.clear()
        try:
            yield context
        finally:
            del self._contexts[context.inner.token]
            if not self._contexts:
                self._idle.set()

    def find(self, inner_token: str) -> RequestContext | None:
        """Return the request on whose behalf LiteLLM calls, if it is still active."""
        return self._contexts.get(inner_token)

    async def drain(self, *, within_s: float) -> None:
        """Have new requests refused, and wait until the active ones have ended, for at most `within_s`."""
        self.is_draining = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), within_s)

"""The emulator of Azure OpenAI in a thread: a resource whose key, deployments and faults a test may change."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from starlette.types import Receive, Scope, Send

from local.emulator.authentication import Authentication
from local.emulator.configuration import Configuration
from local.emulator.data_plane import DataPlane
from local.emulator.faults import Fault
from local.emulator.quota import Limits
from local.listener import Listener

KEY = "azure-key-of-the-test"


class Azure:
    """One resource at an address that stays; it does not listen until `configure` is called."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._plane = DataPlane(configuration=Configuration(), authentication=Authentication(key=KEY))
        self._app = self._plane.app()
        self._listener = Listener(self, host="127.0.0.1", port=0)
        self._listener.bind()
        self.url = f"http://127.0.0.1:{self._listener.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._listener.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def configure(self, *, key: str = KEY, **configuration: object) -> None:
        """Be a resource with this key and configuration, and without faults."""
        self.stop()
        resource = Configuration.model_validate({"region": "test", "chat": {}, **configuration})
        self._plane = DataPlane(configuration=resource, authentication=Authentication(key=key))
        self._app = self._plane.app()
        self._run(self._listener.accept())

    def stop(self) -> None:
        """Refuse connections."""
        self._run(self._listener.refuse(seconds=None))

    def fail(self, fault: str, **options: object) -> None:
        """Answer every request with this fault."""
        self._plane.faults.add(Fault.model_validate({"fault": fault, "count": -1, **options}))

    def limit(self, **quota: int) -> None:
        """Have this quota for each deployment."""
        self._plane.quota.set(Limits.model_validate(quota))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

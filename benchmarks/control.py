"""Orders for an emulated region (local/emulator/README.md, "Control port")."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from local.runner.emulators import Emulator


class Region:
    """The other side of an emulator."""

    def __init__(self, *, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http

    async def fail(self, fault: str, **options: object) -> None:
        """Let it fail until it is mended."""
        await self._ask("POST", "/faults", {"fault": fault, **options})

    async def mend(self) -> None:
        """Take the faults back."""
        await self._ask("DELETE", "/faults")

    async def set_quota(self, *, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        """Of each deployment; None: no limit."""
        quota = {"requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute}
        await self._ask("PUT", "/quota", quota)

    async def forget(self) -> None:
        """Forget what was received."""
        await self._ask("DELETE", "/requests")

    async def received(self) -> list[dict[str, Any]]:
        """What was received, oldest first."""
        found: list[dict[str, Any]] = await self._ask("GET", "/requests")
        return found

    async def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        async with self._http.request(method, self._url + path, json=body) as response:
            response.raise_for_status()
            return await response.json()


@asynccontextmanager
async def control(emulator: Emulator) -> AsyncIterator[Region]:
    """Open the way to its control port."""
    async with aiohttp.ClientSession() as http:
        yield Region(url=emulator.control_url, http=http)

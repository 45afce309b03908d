"""Client of an emulator's control plane (local/emulator/README.md, "Control port")."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from local.runner.emulators import Emulator


class EmulatorControl:
    """The control plane of one emulated region."""

    def __init__(self, *, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http

    async def fail(self, fault: str, **options: object) -> None:
        """Let it fail as the options say."""
        await self._call("POST", "/faults", {"fault": fault, **options})

    async def recover(self) -> None:
        """Remove the faults."""
        await self._call("DELETE", "/faults")

    async def set_quota(self, *, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        """Set the quota of each deployment; None: no limit."""
        quota = {"requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute}
        await self._call("PUT", "/quota", quota)

    async def clear_requests(self) -> None:
        """Remove the received requests."""
        await self._call("DELETE", "/requests")

    async def requests(self) -> list[dict[str, Any]]:
        """The received requests, oldest first."""
        found: list[dict[str, Any]] = await self._call("GET", "/requests")
        return found

    async def _call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        async with self._http.request(method, self._url + path, json=body) as response:
            response.raise_for_status()
            return await response.json()


@asynccontextmanager
async def control_of(emulator: Emulator) -> AsyncIterator[EmulatorControl]:
    """Connect to its control port."""
    async with aiohttp.ClientSession() as http:
        yield EmulatorControl(url=emulator.control_url, http=http)

"""Starts the gateway with what the container's environment says."""

import asyncio
import os

from .app import open_server
from .configuration import read_configuration
from .request_log import RequestLog
from .serve import Drain, serve

_OF_THE_GRACE_PERIOD = 0.95


async def main() -> None:
    """Serve until SIGTERM; the platform waits `total_s` for the end, and kills then."""
    configuration = read_configuration(os.environ)
    drain, log = Drain(), RequestLog()
    async with open_server(configuration, drain=drain, log=log) as server:
        await serve(
            server,
            host=configuration.host,
            port=configuration.port,
            drain=drain,
            grace_s=configuration.timeouts.total_s * _OF_THE_GRACE_PERIOD,
            tell=log.tell,
        )


if __name__ == "__main__":
    asyncio.run(main())

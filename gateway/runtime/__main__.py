"""Starts the gateway with the configuration in the container's environment."""

import asyncio
import gc
import os

from .access_log import log_event
from .configuration import read_configuration
from .http.handler import open_server
from .http.shutdown import ActiveRequests, serve
from .telemetry.telemetry import open_telemetry
from .upstream.managed_identity import open_identity

try:
    from uvloop import new_event_loop as new_event_loop
except ImportError:  # it does not exist for Windows
    from asyncio import new_event_loop as new_event_loop  # type: ignore[assignment, unused-ignore]

_SHARE_OF_GRACE_PERIOD = 0.95


async def main() -> None:
    """Serve until SIGTERM. The platform kills the process `total_s` after that."""
    configuration, active_requests = read_configuration(os.environ), ActiveRequests()
    async with (
        open_identity(configuration, log_event=log_event) as identity,
        open_telemetry(configuration, log_event=log_event) as telemetry,
        open_server(
            configuration,
            active_requests=active_requests,
            identity=identity,
            telemetry=telemetry,
            log_event=log_event,
        ) as server,
    ):
        log_event({"event": "started", "source": configuration.source})
        gc.freeze()  # modules and configuration stay: the garbage collector need not walk them
        await serve(
            server,
            host=configuration.host,
            port=configuration.port,
            active_requests=active_requests,
            grace_s=configuration.timeouts.total_s * _SHARE_OF_GRACE_PERIOD,
            log_event=log_event,
        )


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())

"""Starts the gateway with what the container's environment says."""

import os

from aiohttp import web

from .app import build_app
from .configuration import read_configuration

SHUTDOWN_S = 25.0  # Container Apps waits 30 s between SIGTERM and SIGKILL.


def main() -> None:
    """Serve until SIGTERM; requests in flight may finish."""
    configuration = read_configuration(os.environ)
    web.run_app(
        build_app(configuration),
        host=configuration.host,
        port=configuration.port,
        shutdown_timeout=SHUTDOWN_S,
        handler_cancellation=True,
        access_log=None,
        print=None,
    )


if __name__ == "__main__":
    main()

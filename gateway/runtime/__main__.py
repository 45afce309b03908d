"""Starts the gateway with what the container's environment says."""

import logging
import os

from aiohttp import web

from .app import build_app
from .configuration import read_configuration


def main() -> None:
    """Serve until SIGTERM; requests in flight may finish, as the container app's grace period is as long."""
    # aiohttp quotes what it cannot parse, be it a key or a prompt; the request log tells all that may be told.
    logging.getLogger("aiohttp").addHandler(logging.NullHandler())
    logging.getLogger("aiohttp").propagate = False
    configuration = read_configuration(os.environ)
    web.run_app(
        build_app(configuration),
        host=configuration.host,
        port=configuration.port,
        shutdown_timeout=configuration.timeouts.total_s,
        handler_cancellation=True,
        access_log=None,
        print=None,
    )


if __name__ == "__main__":
    main()

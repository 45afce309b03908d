"""Free ports of this machine. Standard library only: scripts/up.py asks before anything is installed."""

from __future__ import annotations

import os
import random
import socket
from contextlib import ExitStack

from local.runner.errors import RunnerError

HOST = "127.0.0.1"
# The kernel gives none of these to an outgoing connection, so they stay free while a container loads.
_PORTS = range(15_000, 32_000)
_TRIES = 100


def free_port(port: int) -> int:
    """Return `port` if it is free, for 0 any free one.

    Raises:
        RunnerError: another program uses it, or this user may not.
    """
    return free_ports(port)[0]


def free_ports(*ports: int) -> list[int]:
    """The same for several: no two are equal, as all are held until the last one is found."""
    with ExitStack() as probes:
        return [_bind(probes.enter_context(socket.socket()), port) for port in ports]


def _bind(probe: socket.socket, port: int) -> int:
    if os.name != "nt":
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for candidate in (port,) if port else random.sample(_PORTS, _TRIES):
        try:
            probe.bind((HOST, candidate))
            probe.listen()  # two that only bind could share a port
        except OSError as error:
            failure = error
        else:
            return candidate
    raise RunnerError(f"Port {candidate} cannot be used: {failure.strerror}. Choose another with --port.")

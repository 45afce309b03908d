"""Free ports of this machine. Standard library only: scripts/up.py asks before anything is installed."""

from __future__ import annotations

import os
import random
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

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
    with reserved_ports(port) as (number,):
        return number


@contextmanager
def reserved_ports(*ports: int) -> Iterator[list[int]]:
    """The same for programs that may take long to listen: within the block, no other call gets those for 0 (Linux)."""
    with ExitStack() as held:
        others = sorted(set(_PORTS) - set(ports))
        yield [_check(port) if port else _reserve(held.enter_context(socket.socket()), others) for port in ports]


def _check(port: int) -> int:
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()  # two that only bind could share a port
        except OSError as error:
            raise RunnerError(f"Port {port} cannot be used: {error.strerror}. Choose another with --port.") from None
    return port


def _reserve(held: socket.socket, ports: Sequence[int]) -> int:
    """Bind to a free one of these ports, alone; then let a program that may share it bind, too, as servers do."""
    for candidate in random.sample(ports, min(_TRIES, len(ports))):
        with suppress(OSError):
            held.bind((HOST, candidate))
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if sys.platform != "linux":  # two could not bind to one port
                held.close()
            return candidate
    raise RunnerError(f"No port from {_PORTS.start} to {_PORTS.stop - 1} is free. Choose one with --port.")

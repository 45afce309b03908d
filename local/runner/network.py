"""Ports and readiness on this machine."""

import os
import random
import socket
import time
from contextlib import ExitStack, suppress

import httpx

from local.runner.errors import RunnerError
from local.runner.processes import Process

HOST = "127.0.0.1"
_READY_S = 150.0  # what LiteLLM's startup probe allows
# The kernel gives none of these to an outgoing connection, so they stay free while a container loads.
_PORTS = range(15_000, 32_000)
_TRIES = 100


def free_port(port: int) -> int:
    """Return `port` if nobody listens on it, for 0 any that is free.

    Raises:
        RunnerError: somebody does, or it is not ours to use.
    """
    return free_ports(port)[0]


def free_ports(*ports: int) -> list[int]:
    """The same for several: no two are one, as all are held until the last one is found."""
    with ExitStack() as probes:
        return [_bound(probes.enter_context(socket.socket()), port) for port in ports]


def _bound(probe: socket.socket, port: int) -> int:
    if os.name != "nt":
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for candidate in (port,) if port else random.sample(_PORTS, _TRIES):
        try:
            probe.bind((HOST, candidate))
            probe.listen()  # two that only bind could share a port
        except OSError as error:
            busy = error
        else:
            return candidate
    raise RunnerError(f"Port {candidate} cannot be used: {busy.strerror}. Choose another with --port.")


def wait_until_ready(url: str, process: Process) -> None:
    """Return when the URL answers with success, as the platform's readiness probe would see it.

    Raises:
        RunnerError: the process has ended, or took too long.
    """
    deadline = time.monotonic() + _READY_S
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        while time.monotonic() < deadline:
            process.check()
            with suppress(httpx.TransportError):
                if client.get(url).is_success:
                    return
            time.sleep(0.1)
    raise RunnerError(f"{process.name} was not ready within {_READY_S:.0f} s. Its output:\n{process.output()[-2000:]}")

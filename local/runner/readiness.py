"""Waits for a container as the platform's readiness probe does."""

import time
from contextlib import suppress

import httpx

from local.runner.errors import RunnerError
from local.runner.processes import Process

_READY_S = 150.0  # what LiteLLM's startup probe allows


def wait_until_ready(url: str, process: Process) -> None:
    """Return when the URL answers with success.

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

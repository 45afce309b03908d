"""Programs of `local/` that stand in for Azure's: each prints its ports as one line of JSON when it listens."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local.runner.errors import RunnerError
from local.runner.image import ROOT
from local.runner.ports import HOST
from local.runner.processes import Process, start

_START_S = 30.0


@contextmanager
def serve(name: str, *command: str, env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Run `python -m COMMAND`; its addresses by the names of the ports that it prints."""
    with start(name, (sys.executable, "-m", *command), env={**env, "PYTHONPATH": str(ROOT)}) as process:
        yield {port: f"http://{HOST}:{number}" for port, number in _wait_for_ports(process).items()}


def _wait_for_ports(process: Process) -> dict[str, int]:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        process.check()
        first, newline, _ = process.output().partition("\n")
        if newline:
            ports: dict[str, int] = json.loads(first)
            return ports
        time.sleep(0.05)
    raise RunnerError(f"{process.name} did not start within {_START_S:.0f} s.")

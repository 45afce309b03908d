"""One emulated Azure OpenAI resource per upstream that has no other address."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local.runner.errors import RunnerError
from local.runner.image import ROOT
from local.runner.processes import Process, start

_START_S = 30.0


@dataclass(frozen=True)
class Emulator:
    """The addresses of its data plane and of its control port."""

    url: str
    control_url: str


@contextmanager
def emulate(name: str, *, key: str, models: Sequence[Mapping[str, Any]]) -> Iterator[Emulator]:
    """Run an emulator that serves these models of the gateway's configuration and accepts this key."""
    env = {
        "AZURE_OPENAI_API_KEY": key,
        "EMULATOR_CONFIG": json.dumps(_configuration(name, models)),
        "PYTHONPATH": str(ROOT),
    }
    command = (sys.executable, "-m", "local.emulator", "--port", "0", "--control-port", "0")
    with start(f"emulator-{name}", command, env=env) as process:
        ports = _wait_for_ports(process)
        yield Emulator(f"http://127.0.0.1:{ports['port']}", f"http://127.0.0.1:{ports['control_port']}")


def _configuration(name: str, models: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "region": name,
        **{
            kind: {model["deployment"]: model["api_version"] for model in models if model["kind"] == kind}
            for kind in ("responses", "chat")
        },
        "embeddings": {
            model["deployment"]: {"api_version": model["api_version"], "dimension": model["dimension"]}
            for model in models
            if model["kind"] == "embeddings"
        },
    }


def _wait_for_ports(process: Process) -> dict[str, int]:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        process.check()
        first, newline, _ = process.output().partition("\n")
        if newline:
            ports: dict[str, int] = json.loads(first)
            return ports
        time.sleep(0.05)
    raise RunnerError(f"The emulator did not start within {_START_S:.0f} s.")

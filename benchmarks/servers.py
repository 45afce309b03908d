"""What is measured: the gateway as a replica runs it, and others with the same Azure behind them."""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.litellm import Configuration
from benchmarks.node_packages import NODE, install_portkey
from benchmarks.targets import DIRECT, GATEWAY, LITELLM, PORTKEY, AzureTarget, PortkeyTarget, Target
from local.runner.image import find_image
from local.runner.ports import HOST, free_port
from local.runner.processes import Process, start
from local.runner.readiness import wait_until_ready
from local.runner.session import Session, run
from local.runner.stack import read_stack


@dataclass(frozen=True, kw_only=True)
class Replica:
    """Both containers, and the emulated regions behind them, in the order of their calls."""

    session: Session
    gateway: Target
    azures: Mapping[str, AzureTarget]

    @property
    def azure(self) -> AzureTarget:
        """The first region."""
        return next(iter(self.azures.values()))


@contextmanager
def run_replica(
    stack: Path,
    *,
    port: int = 0,
    key: str | None = None,
    azure: str | None = None,
    litellm: Literal["loading", "absent"] = "loading",
) -> Iterator[Replica]:
    """Run a synthesized stack against emulators, with secrets of its own; LiteLLM may still be loading.

    `key` is what the gateway will ask for; None makes one up. `azure` takes the place of every region.
    """
    read = read_stack(stack)
    variables = {name: secrets.token_urlsafe(24) for name in read.variables}
    first, *_ = read.projects
    variables[str(read.gateway.secrets[first["key_envs"][0]].variable)] = key or secrets.token_urlsafe(24)
    environ = {f"TF_VAR_{name}": value for name, value in variables.items()}
    unused = stack.with_name("secrets.json")
    upstreams = {} if azure is None else {upstream.name: azure for upstream in read.upstreams}
    with run(stack=stack, port=port, upstreams=upstreams, environ=environ, secrets=unused, litellm=litellm) as session:
        yield Replica(
            session=session,
            gateway=Target(name=GATEWAY, url=session.host_url, key=session.key),
            azures={
                upstream.name: AzureTarget(
                    name=DIRECT,
                    url=azure or session.emulators[upstream.name].url,
                    key=read.gateway.secrets[upstream.key_env].resolve(variables),
                )
                for upstream in read.upstreams
                if upstream.key_env
            },
        )


@contextmanager
def run_litellm(stack: Path, *, configuration: Configuration, wait: bool = True) -> Iterator[tuple[Target, Process]]:
    """Run LiteLLM alone: the command and version of the replica, but a configuration of ours; loaded, if we `wait`."""
    litellm = read_stack(stack).litellm
    port, key = free_port(0), secrets.token_urlsafe(24)
    environ = {
        "HOST": HOST,
        "PORT": str(port),
        "LITELLM_MASTER_KEY": key,
        "LITELLM_CONFIG_YAML": json.dumps(configuration),  # which is YAML, too
    }
    programs = find_image(litellm.image)
    with start("stock-litellm", litellm.command, env={**litellm.env, **environ}, programs=programs) as process:
        target = Target(name=LITELLM, url=f"http://{HOST}:{port}", key=key)
        if wait:
            wait_until_ready(target.url + litellm.readiness, process)
        yield target, process
        process.check()


@contextmanager
def run_portkey(azure: AzureTarget) -> Iterator[Target]:
    """Run Portkey's gateway, ready, without its console."""
    port = free_port(0)
    command = (NODE.name, str(install_portkey()), f"--port={port}", "--headless")
    with start("portkey", command, env={}, programs=NODE.parent) as process:
        target = PortkeyTarget(name=PORTKEY, url=f"http://{HOST}:{port}", key=azure.key, azure=azure)
        wait_until_ready(f"{target.url}/", process)
        yield target
        process.check()

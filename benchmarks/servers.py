"""What is measured: the gateway as a replica runs it, and stock LiteLLM with the same Azure behind it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Target
from local.runner.image import find_image
from local.runner.network import HOST, free_port, wait_until_ready
from local.runner.processes import start
from local.runner.session import Session, run
from local.runner.stack import read_stack


@dataclass(frozen=True, kw_only=True)
class Replica:
    """Both containers and the emulator behind them."""

    session: Session
    gateway: Target
    azure: Target


@contextmanager
def run_replica(stack: Path, *, port: int = 0, key: str | None = None) -> Iterator[Replica]:
    """Run a synthesized stack against the emulator, with secrets of its own; LiteLLM may still be loading.

    `key` is what the gateway will ask for; None makes one up.
    """
    read = read_stack(stack)
    upstream = read.upstreams[0]
    variables = {name: secrets.token_urlsafe(24) for name in read.variables}
    variables[read.gateway.secrets["GATEWAY_KEY"].variable] = key or secrets.token_urlsafe(24)
    environ = {f"TF_VAR_{name}": value for name, value in variables.items()}
    unused = stack.with_name("secrets.json")
    with run(stack=stack, port=port, environ=environ, secrets=unused, wait="gateway") as session:
        yield Replica(
            session=session,
            gateway=Target(name="gateway", url=session.host_url, key=session.key),
            azure=Target(
                name="direct",
                url=session.emulators[upstream.name].url,
                key=read.gateway.secrets[upstream.key_env].value(variables),
                is_azure=True,
            ),
        )


@contextmanager
def run_stock_litellm(stack: Path, *, azure: Target) -> Iterator[Target]:
    """Run LiteLLM alone: the command, version and configuration of the replica, but its Azure is Azure itself."""
    litellm = read_stack(stack).litellm
    port, key = free_port(0), secrets.token_urlsafe(24)
    environ = {
        "HOST": HOST,
        "PORT": str(port),
        "LITELLM_MASTER_KEY": key,
        "AZURE_OPENAI_ENDPOINT": azure.url,
        "AZURE_OPENAI_API_KEY": azure.key,
    }
    with start(
        "stock-litellm", litellm.command, env={**litellm.env, **environ}, programs=find_image(litellm.image)
    ) as process:
        target = Target(name="stock LiteLLM", url=f"http://{HOST}:{port}", key=key)
        wait_until_ready(target.url + litellm.readiness, process)
        yield target
        process.check()

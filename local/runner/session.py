"""Runs a stack: both containers, and what stands in for Azure."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from local.runner.emulators import Emulator, emulate
from local.runner.errors import RunnerError
from local.runner.identity import CLIENT_ID, CLIENT_ID_OF, TOKEN_KEY, Identity, check_login, run_identity
from local.runner.image import find_image
from local.runner.ports import HOST, free_port, reserved_ports
from local.runner.processes import Process, start
from local.runner.readiness import wait_until_ready
from local.runner.stack import Container, Stack, Upstream, read_stack
from local.runner.telemetry import CONNECTION_STRING_OF, Telemetry, run_telemetry
from local.runner.variables import resolve_variables
from settings.secret_names import azure_key


@dataclass(frozen=True, kw_only=True)
class Session:
    """A running stack: its addresses, keys and output."""

    host_url: str
    litellm_url: str
    keys: Mapping[str, Sequence[str]]
    """By project: its primary and its secondary key."""
    inner_key: str
    projects: Sequence[Mapping[str, Any]]
    models: Sequence[Mapping[str, Any]]
    emulators: Mapping[str, Emulator]
    identity: Identity | None
    telemetry: Telemetry | None
    containers: Mapping[str, Process]

    @property
    def gateway(self) -> Process:
        """The gateway's container."""
        return self.containers["gateway"]

    @property
    def litellm(self) -> Process:
        """LiteLLM's container."""
        return self.containers["litellm"]

    @property
    def key(self) -> str:
        """The primary key of the default project, which comes first."""
        return self.keys[self.projects[0]["name"]][0]

    @property
    def base_url(self) -> str:
        """What an OpenAI client is given."""
        return f"{self.host_url}/v1"

    def output(self) -> str:
        """What the gateway's container has printed."""
        return self.gateway.output()

    def litellm_output(self) -> str:
        """What LiteLLM's container has printed."""
        return self.litellm.output()

    def check(self) -> None:
        """Raise RunnerError when one of the containers has ended."""
        for process in self.containers.values():
            process.check()


@contextmanager
def run(
    *,
    stack: Path,
    port: int = 0,
    upstreams: Mapping[str, str] | None = None,
    azure: bool = False,
    environ: Mapping[str, str] = os.environ,
    secrets: Path,
    litellm: Literal["ready", "loading", "absent"] = "ready",
    identity_behaviour: Mapping[str, object] = MappingProxyType({}),
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Session]:
    """Run the stack until the block ends; `port` 0 takes a free one.

    Secrets that are not in `environ` are made up and kept in the file `secrets`.
    Every upstream is emulated unless `upstreams` gives its address, or `azure` leaves the one of the settings.
    `litellm`: wait until it is ready, leave it loading, or do not start it.
    `identity_behaviour`: how the emulated identity endpoint begins to behave.

    Raises:
        RunnerError: something is missing, in the way, or does not start.
    """
    read = read_stack(stack)
    _check_references(read)
    programs = find_image(read.gateway.image)
    addresses = _addresses(read, upstreams or {})
    variables = _variables(read, azure=azure, environ=environ, secrets=secrets)
    free_port(port)  # before anything is started
    with ExitStack() as running:
        identity, telemetry = _services(read, running, token_key=variables.get(TOKEN_KEY), behaviour=identity_behaviour)
        emulators: dict[str, Emulator] = {}
        for upstream in read.upstreams:
            if upstream.name not in addresses and not azure:
                progress(f"Starting the emulator of {upstream.name}")
                models = [model for model in read.models if upstream.name in model["upstreams"]]
                key = read.gateway.secrets[upstream.key_env].resolve(variables) if upstream.key_env else None
                emulator = emulate(upstream.name, key=key, identity=identity, models=models)
                emulators[upstream.name] = running.enter_context(emulator)
                addresses[upstream.name] = emulators[upstream.name].url
        # Not earlier: another program may take a free port meanwhile.
        numbers = running.enter_context(reserved_ports(port, 0))
        ports = dict(zip(("gateway", "litellm"), numbers, strict=True))
        urls = {name: f"http://{HOST}:{number}" for name, number in ports.items()}
        overrides = _overrides(read.upstreams, addresses=addresses, urls=urls, identity=identity)
        containers = {
            container.name: running.enter_context(
                start(
                    container.name,
                    container.command,
                    env=_environment(container, variables, _references(identity, telemetry))
                    | {"HOST": HOST, "PORT": str(ports[container.name])}
                    | overrides[container.name],
                    programs=programs,
                )
            )
            for container in ((read.gateway,) if litellm == "absent" else (read.gateway, read.litellm))
        }
        progress("Waiting for the gateway")
        wait_until_ready(urls["gateway"] + read.gateway.readiness, containers["gateway"])
        if litellm == "ready":
            progress("Waiting for LiteLLM to load")
            wait_until_ready(urls["litellm"] + read.litellm.readiness, containers["litellm"])
        yield Session(
            host_url=urls["gateway"],
            litellm_url=urls["litellm"],
            inner_key=read.gateway.secrets["INNER_KEY"].resolve(variables),
            keys={
                project["name"]: [read.gateway.secrets[name].resolve(variables) for name in project["key_envs"]]
                for project in read.projects
            },
            projects=read.projects,
            models=read.models,
            emulators=emulators,
            identity=identity,
            telemetry=telemetry,
            containers=containers,
        )


def _addresses(stack: Stack, upstreams: Mapping[str, str]) -> dict[str, str]:
    names = [upstream.name for upstream in stack.upstreams]
    if unknown := [name for name in upstreams if name not in names]:
        raise RunnerError(f"There is no upstream {unknown[0]!r}; the settings have {', '.join(names)}.")
    return dict(upstreams)


def _variables(stack: Stack, *, azure: bool, environ: Mapping[str, str], secrets: Path) -> dict[str, str]:
    names = list(stack.variables)
    if azure:
        for upstream in stack.upstreams:
            name = azure_key(upstream.name).environ
            if upstream.key_env and not environ.get(name):
                raise RunnerError(f"Azure wants a key: set {name} to the API key of {upstream.name}.")
    if azure and stack.token_scope:
        check_login(stack.token_scope)
    elif CLIENT_ID_OF in stack.gateway.references.values():
        names.append(TOKEN_KEY)
    return resolve_variables(names, optional=stack.optional_variables, environ=environ, file=secrets)


def _check_references(stack: Stack) -> None:
    for container in (stack.gateway, stack.litellm):
        for name, expression in container.references.items():
            if expression not in {CLIENT_ID_OF, CONNECTION_STRING_OF}:
                raise RunnerError(f"{container.name}: {name} refers to {expression}, which this machine does not have.")


def _services(
    stack: Stack, running: ExitStack, *, token_key: str | None, behaviour: Mapping[str, object]
) -> tuple[Identity | None, Telemetry | None]:
    """What the gateway's container refers to, started."""
    references, identity = stack.gateway.references.values(), None
    if CLIENT_ID_OF in references:
        identity = running.enter_context(run_identity(token_key=token_key, behaviour=behaviour))
    if CONNECTION_STRING_OF not in references:
        return identity, None
    return identity, running.enter_context(run_telemetry(env=identity.of_verifier if identity else {}))


def _references(identity: Identity | None, telemetry: Telemetry | None) -> dict[str, str]:
    """The values of references, by their expressions."""
    known = {CLIENT_ID_OF: CLIENT_ID} if identity else {}
    return known | ({CONNECTION_STRING_OF: telemetry.connection_string} if telemetry else {})


def _overrides(
    upstreams: Sequence[Upstream],
    *,
    addresses: Mapping[str, str],
    urls: Mapping[str, str],
    identity: Identity | None,
) -> dict[str, dict[str, str]]:
    """Where things are on this machine: all that differs from the container app."""
    endpoints = {
        upstream.endpoint_env: addresses[upstream.name] for upstream in upstreams if upstream.name in addresses
    }
    return {
        "gateway": {"LITELLM_URL": urls["litellm"], **endpoints, **(identity.of_container if identity else {})},
        "litellm": {"AZURE_OPENAI_ENDPOINT": urls["gateway"]},
    }


def _environment(container: Container, variables: Mapping[str, str], references: Mapping[str, str]) -> dict[str, str]:
    return {
        **container.env,
        **{name: secret.resolve(variables) for name, secret in container.secrets.items()},
        **{name: references[expression] for name, expression in container.references.items()},
    }

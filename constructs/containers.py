"""A container of the gateway in the words of the azurerm bindings."""

from collections.abc import Callable
from typing import TypeVar

from constructs import azurerm
from constructs.escaping import literal
from gateway.containers import Container, EnvValue, Reference, SecretRef
from gateway.probes import Probe

_Probe = TypeVar("_Probe")


def build_container(*, container: Container, image: str) -> azurerm.ContainerAppTemplateContainer:
    """The same container, its text escaped for Terraform.

    Environment variables keep their order: a changed order is a difference in every plan
    (https://github.com/hashicorp/terraform-provider-azurerm/issues/31376).
    """
    probes = container.probes
    return azurerm.ContainerAppTemplateContainer(
        name=container.name,
        image=literal(image),
        command=[literal(part) for part in container.command],
        cpu=container.cpu,
        memory=container.memory,
        env=[_build_env(name=name, value=value) for name, value in container.env.items()],
        startup_probe=[_build_probe(azurerm.ContainerAppTemplateContainerStartupProbe, probe=probes.startup)],
        liveness_probe=[_build_probe(azurerm.ContainerAppTemplateContainerLivenessProbe, probe=probes.liveness)],
        readiness_probe=[
            _build_probe(
                azurerm.ContainerAppTemplateContainerReadinessProbe,
                probe=probes.readiness,
                success_count_threshold=1,  # the provider's default makes a ready replica wait for three
            )
        ],
    )


def _build_env(*, name: str, value: EnvValue) -> azurerm.ContainerAppTemplateContainerEnv:
    if isinstance(value, SecretRef):
        return azurerm.ContainerAppTemplateContainerEnv(name=name, secret_name=value.name)
    text = value.expression if isinstance(value, Reference) else literal(value)
    return azurerm.ContainerAppTemplateContainerEnv(name=name, value=text)


def _build_probe(build: Callable[..., _Probe], *, probe: Probe, **more: int) -> _Probe:
    """The bindings have a class for each kind of probe, and the same arguments for all of them."""
    return build(
        transport="HTTP",
        path=literal(probe.path),
        port=probe.port,
        initial_delay=probe.initial_delay_s,
        interval_seconds=probe.period_s,
        timeout=probe.timeout_s,
        failure_count_threshold=probe.failure_threshold,
        **more,
    )

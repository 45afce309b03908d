"""A container of the gateway in the words of the azurerm bindings."""

from constructs import azurerm
from constructs.literal import literal
from gateway.containers import Container, SecretRef
from gateway.probes import Probe


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
        startup_probe=[_build_startup_probe(probe=probes.startup)],
        liveness_probe=[_build_liveness_probe(probe=probes.liveness)],
        readiness_probe=[_build_readiness_probe(probe=probes.readiness)],
    )


def _build_env(*, name: str, value: str | SecretRef) -> azurerm.ContainerAppTemplateContainerEnv:
    if isinstance(value, SecretRef):
        return azurerm.ContainerAppTemplateContainerEnv(name=name, secret_name=value.name)
    return azurerm.ContainerAppTemplateContainerEnv(name=name, value=literal(value))


def _build_startup_probe(*, probe: Probe) -> azurerm.ContainerAppTemplateContainerStartupProbe:
    return azurerm.ContainerAppTemplateContainerStartupProbe(
        transport="HTTP",
        path=literal(probe.path),
        port=probe.port,
        initial_delay=probe.initial_delay_s,
        interval_seconds=probe.period_s,
        timeout=probe.timeout_s,
        failure_count_threshold=probe.failure_threshold,
    )


def _build_liveness_probe(*, probe: Probe) -> azurerm.ContainerAppTemplateContainerLivenessProbe:
    return azurerm.ContainerAppTemplateContainerLivenessProbe(
        transport="HTTP",
        path=literal(probe.path),
        port=probe.port,
        initial_delay=probe.initial_delay_s,
        interval_seconds=probe.period_s,
        timeout=probe.timeout_s,
        failure_count_threshold=probe.failure_threshold,
    )


def _build_readiness_probe(*, probe: Probe) -> azurerm.ContainerAppTemplateContainerReadinessProbe:
    return azurerm.ContainerAppTemplateContainerReadinessProbe(
        transport="HTTP",
        path=literal(probe.path),
        port=probe.port,
        initial_delay=probe.initial_delay_s,
        interval_seconds=probe.period_s,
        timeout=probe.timeout_s,
        failure_count_threshold=probe.failure_threshold,
        success_count_threshold=1,  # the provider's default makes a ready replica wait for three
    )

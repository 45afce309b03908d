"""The container app: ingress, scale and secrets around the gateway's containers."""

import math
from collections.abc import Mapping, Sequence

from cdktf import ITerraformDependable

from constructs import Construct, azurerm
from constructs.container_app_environment import ContainerAppEnvironment
from constructs.containers import build_container
from constructs.identity import Identity
from constructs.registry import Registry
from constructs.resource_group import ResourceGroup
from gateway.containers import build_containers
from settings.environment import EnvironmentSettings


class ContainerApp(Construct):
    """One app, one active revision; the ingress leads to the first container alone.

    `fqdn` is the app's, which stays when revisions come and go; `image` is that of both containers.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        group: ResourceGroup,
        environment: ContainerAppEnvironment,
        identity: Identity,
        registry: Registry,
        secrets: Mapping[str, str],
        after: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        app = azurerm.ContainerApp(
            self,
            "app",
            name=settings.naming.name("container_app"),
            resource_group_name=group.name,
            container_app_environment_id=environment.id,
            workload_profile_name=environment.workload_profile,  # unset, Azure fills it in, and each plan removes it
            revision_mode="Single",
            max_inactive_revisions=settings.scale.max_inactive_revisions,  # unset, the provider sends 0 at creation
            identity=azurerm.ContainerAppIdentity(type="UserAssigned", identity_ids=[identity.id]),
            registry=[*registry.pulls] or None,
            secret=[
                # The value is what the provider reads back. Without it a plan that adds a secret shows all as replaced.
                azurerm.ContainerAppSecret(name=name, key_vault_secret_id=address, identity=identity.id, value="")
                for name, address in secrets.items()
            ],
            ingress=_build_ingress(settings=settings),
            template=_build_template(settings=settings),
            tags=group.tags,
            depends_on=after or None,
        )
        app.override_logical_id("gateway")
        self.name = app.name
        self.fqdn = app.ingress.fqdn
        self.image = app.template.container.get(0).image


def _build_ingress(*, settings: EnvironmentSettings) -> azurerm.ContainerAppIngress:
    """HTTPS outside, HTTP/1.1 inside: the gateway's server speaks nothing else, so nothing is left to detection."""
    return azurerm.ContainerAppIngress(
        external_enabled=settings.ingress.external,
        allow_insecure_connections=False,
        target_port=settings.containers.gateway.port,
        transport="http",
        ip_security_restriction=[
            azurerm.ContainerAppIngressIpSecurityRestriction(
                name=f"allow-{number}", action="Allow", ip_address_range=str(network)
            )
            for number, network in enumerate(settings.ingress.ip_allowlist, start=1)
        ],
        traffic_weight=[azurerm.ContainerAppIngressTrafficWeight(latest_revision=True, percentage=100)],
    )


def _build_template(*, settings: EnvironmentSettings) -> azurerm.ContainerAppTemplate:
    """What a revision is. A replica that must go may finish the answers it has begun (the provider allows 600 s)."""
    return azurerm.ContainerAppTemplate(
        min_replicas=settings.scale.min_replicas,
        max_replicas=settings.scale.max_replicas,
        termination_grace_period_seconds=math.ceil(settings.timeouts.total_s),
        http_scale_rule=[
            azurerm.ContainerAppTemplateHttpScaleRule(
                name="concurrent-requests", concurrent_requests=str(settings.scale.concurrent_requests)
            )
        ],
        container=[
            build_container(container=container, image=settings.containers.image)
            for container in build_containers(settings)
        ],
    )

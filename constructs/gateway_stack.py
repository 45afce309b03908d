"""One environment of the gateway, in its resource group."""

from cdktf import TerraformStack

from constructs import Construct
from constructs.application_insights import ApplicationInsights
from constructs.caller import Caller
from constructs.container_app import ContainerApp
from constructs.container_app_environment import ContainerAppEnvironment
from constructs.identity import Identity
from constructs.key_vault import KeyVault
from constructs.key_vault_secrets import KeyVaultSecrets
from constructs.monitoring import Monitoring
from constructs.observability import Observability
from constructs.outputs import declare_outputs
from constructs.registry import Registry
from constructs.resource_group import ResourceGroup
from constructs.terraform import configure_terraform
from constructs.upstreams import Upstreams
from settings.environment import EnvironmentSettings


class GatewayStack(TerraformStack):
    """The stack `aigateway-<env>`, which deploys on its own and in one run.

    A role assignment is made at once and works minutes later, and Terraform has no way to wait for that. Here the
    order does: identity, and what it may use; its roles; then the Container Apps environment, which takes minutes
    itself; last the app, which uses all of them. So it asks neither the vault nor a model until roles have had minutes
    to settle; Azure promises no more than that (docs/decisions/0004-waiting-for-roles.md).

    Addresses such as `azurerm_container_app.gateway` are set by hand: a changed one means a new resource.
    """

    def __init__(self, scope: Construct, *, settings: EnvironmentSettings) -> None:
        super().__init__(scope, f"aigateway-{settings.env}")
        configure_terraform(self, settings=settings)
        caller = Caller(self, "caller")
        group = ResourceGroup(self, "resource-group", settings=settings)
        observability = Observability(self, "observability", settings=settings, group=group)
        identity = Identity(self, "identity", settings=settings, group=group)
        vault = KeyVault(
            self,
            "key-vault",
            settings=settings,
            group=group,
            identity=identity,
            caller=caller,
            observability=observability,
        )
        upstreams = Upstreams(
            self,
            "upstreams",
            settings=settings,
            group=group,
            identity=identity,
            caller=caller,
            observability=observability,
        )
        insights = ApplicationInsights(
            self,
            "application-insights",
            settings=settings,
            group=group,
            identity=identity,
            caller=caller,
            observability=observability,
        )
        registry = Registry(self, "registry", settings=settings, identity=identity)
        environment = ContainerAppEnvironment(
            self,
            "app-environment",
            settings=settings,
            group=group,
            observability=observability,
            roles=[*vault.roles, *upstreams.roles, *insights.roles, *registry.roles],
        )
        secrets = KeyVaultSecrets(self, "secrets", settings=settings, vault=vault, tags=group.tags)
        app = ContainerApp(
            self,
            "container-app",
            settings=settings,
            group=group,
            environment=environment,
            identity=identity,
            registry=registry,
            secrets=secrets.versionless_ids,
            after=upstreams.finished,
        )
        Monitoring(
            self,
            "monitoring",
            settings=settings,
            group=group,
            observability=observability,
            insights=insights,
            app=app,
        )
        declare_outputs(self, app=app, vault=vault, group=group)

"""One environment of the gateway, from the resource group to its address."""

from cdktf import TerraformStack

from constructs import Construct
from constructs.container_app import ContainerApp
from constructs.container_app_environment import ContainerAppEnvironment
from constructs.identity import Identity
from constructs.key_vault import KeyVault
from constructs.key_vault_secrets import KeyVaultSecrets
from constructs.observability import Observability
from constructs.outputs import declare_outputs
from constructs.resource_group import ResourceGroup
from constructs.terraform import configure_terraform
from settings.environment import EnvironmentSettings


class GatewayStack(TerraformStack):
    """The stack `aigateway-<env>`, which deploys on its own and in one run.

    A role assignment is made at once and works minutes later, and Terraform has no way to wait for that. Here the
    order does: identity and vault, the identity's role, then the Container Apps environment, which takes minutes
    itself; the secrets are written after it, and the app, which reads them, comes last. So nobody asks the vault
    until roles have had minutes to settle; Azure promises no more than that (docs/decisions/0004-waiting-for-roles.md).

    Addresses such as `azurerm_container_app.gateway` are set by hand: a changed one means a new resource.
    """

    def __init__(self, scope: Construct, *, settings: EnvironmentSettings) -> None:
        super().__init__(scope, f"aigateway-{settings.env}")
        configure_terraform(self, settings=settings)
        group = ResourceGroup(self, "resource-group", settings=settings)
        observability = Observability(self, "observability", settings=settings, group=group)
        identity = Identity(self, "identity", settings=settings, group=group)
        vault = KeyVault(self, "key-vault", settings=settings, group=group, identity=identity)
        environment = ContainerAppEnvironment(
            self,
            "app-environment",
            settings=settings,
            group=group,
            observability=observability,
            role=vault.reader,
        )
        secrets = KeyVaultSecrets(
            self, "secrets", settings=settings, vault=vault, tags=group.tags, after=environment.resource
        )
        app = ContainerApp(
            self,
            "container-app",
            settings=settings,
            group=group,
            environment=environment,
            identity=identity,
            secrets=secrets.versionless_ids,
        )
        declare_outputs(self, app=app, vault=vault, group=group)

"""The Key Vault, and who may do what with its secrets."""

from collections.abc import Sequence

from cdktf import ITerraformDependable

from constructs import Construct, azurerm
from constructs.identity import Identity
from constructs.resource_group import ResourceGroup
from settings import EnvironmentSettings


class KeyVault(Construct):
    """A vault whose secrets the gateway's identity reads and the deployer writes, by roles alone.

    A role works minutes after it was assigned. Whatever touches a secret therefore waits for `roles` and then some;
    see `GatewayStack`.
    """

    roles: Sequence[ITerraformDependable]

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        group: ResourceGroup,
        identity: Identity,
    ) -> None:
        super().__init__(scope, construct_id)
        deployer = azurerm.DataAzurermClientConfig(self, "deployer")
        deployer.override_logical_id("deployer")
        vault = self._build_vault(settings=settings, group=group, tenant_id=deployer.tenant_id)
        self.id = vault.id
        self.name = vault.name
        self.roles = (
            self._build_reader(principal_id=identity.principal_id),
            self._build_writer(principal_id=deployer.object_id),
        )

    def _build_vault(self, *, settings: EnvironmentSettings, group: ResourceGroup, tenant_id: str) -> azurerm.KeyVault:
        vault = azurerm.KeyVault(
            self,
            "vault",
            name=settings.naming.name("key_vault"),
            location=group.location,
            resource_group_name=group.name,
            tenant_id=tenant_id,
            sku_name="standard",
            rbac_authorization_enabled=True,
            soft_delete_retention_days=settings.key_vault.soft_delete_retention_days,
            purge_protection_enabled=settings.key_vault.purge_protection,
            # The deployer's machine and Container Apps come without a network of ours: roles guard the vault.
            public_network_access_enabled=True,
            tags=group.tags,
        )
        vault.override_logical_id("gateway")
        return vault

    def _build_reader(self, *, principal_id: str) -> azurerm.RoleAssignment:
        role = azurerm.RoleAssignment(
            self,
            "reader",
            scope=self.id,
            role_definition_name="Key Vault Secrets User",
            principal_id=principal_id,
            # Saves the look-up of an identity that the directory may not know yet.
            principal_type="ServicePrincipal",
        )
        role.override_logical_id("secrets_reader")
        return role

    def _build_writer(self, *, principal_id: str) -> azurerm.RoleAssignment:
        """Without a principal type: the deployer is a service principal in a workflow, a user on a laptop.

        The role follows the deployer, but a plan reads the secrets before it changes anything: another deployer
        needs the role by hand first.
        """
        role = azurerm.RoleAssignment(
            self,
            "writer",
            scope=self.id,
            role_definition_name="Key Vault Secrets Officer",
            principal_id=principal_id,
        )
        role.override_logical_id("secrets_writer")
        return role

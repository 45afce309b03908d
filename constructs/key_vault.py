"""The Key Vault, and who may do what with its secrets."""

from constructs import Construct, azurerm
from constructs.caller import Caller
from constructs.identity import Identity
from constructs.observability import Observability
from constructs.resource_group import ResourceGroup
from settings.environment import EnvironmentSettings


class KeyVault(Construct):
    """A vault whose secrets the gateway's identity reads, by a role alone; an existing one stays as it is.

    The role works minutes after it was assigned: the app, which needs it, waits for `roles` and then some; see
    `GatewayStack`. Who deploys writes the secrets, with a role from elsewhere: one that the stack gave to its caller
    would be replaced in the plan of every other caller.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        group: ResourceGroup,
        identity: Identity,
        caller: Caller,
        observability: Observability,
    ) -> None:
        super().__init__(scope, construct_id)
        if settings.existing.key_vault:
            self.id, self.name = settings.existing.key_vault, settings.key_vault_name
        else:
            vault = self._build_vault(settings=settings, group=group, tenant_id=caller.tenant_id)
            self.id, self.name = vault.id, vault.name
        is_assigned = settings.existing.assign_role
        self.roles = (self._build_reader(principal_id=identity.principal_id),) if is_assigned else ()
        if settings.key_vault.audit_log:
            self._build_diagnostics(observability=observability)

    def _build_vault(self, *, settings: EnvironmentSettings, group: ResourceGroup, tenant_id: str) -> azurerm.KeyVault:
        vault = azurerm.KeyVault(
            self,
            "vault",
            name=settings.key_vault_name,
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

    def _build_diagnostics(self, *, observability: Observability) -> None:
        """Who read or changed a secret, or was refused; never a value.

        Categories: https://learn.microsoft.com/azure/azure-monitor/reference/supported-logs/microsoft-keyvault-vaults-logs
        """
        setting = azurerm.MonitorDiagnosticSetting(
            self,
            "diagnostics",
            name="audit",
            target_resource_id=self.id,
            log_analytics_workspace_id=observability.workspace_id,
            enabled_log=[azurerm.MonitorDiagnosticSettingEnabledLog(category="AuditEvent")],
        )
        setting.override_logical_id("key_vault")

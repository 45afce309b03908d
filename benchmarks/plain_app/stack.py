"""Every resource of one environment, one after the other."""

from cdktf import AzurermBackend, Fn, TerraformOutput, TerraformStack, TerraformVariable, Token
from cdktf_cdktf_provider_azurerm.container_app import (
    ContainerApp,
    ContainerAppIdentity,
    ContainerAppIngress,
    ContainerAppIngressTrafficWeight,
    ContainerAppSecret,
    ContainerAppTemplate,
    ContainerAppTemplateHttpScaleRule,
)
from cdktf_cdktf_provider_azurerm.container_app_environment import ContainerAppEnvironment
from cdktf_cdktf_provider_azurerm.data_azurerm_client_config import DataAzurermClientConfig
from cdktf_cdktf_provider_azurerm.data_azurerm_resource_group import DataAzurermResourceGroup
from cdktf_cdktf_provider_azurerm.key_vault import KeyVault
from cdktf_cdktf_provider_azurerm.key_vault_secret import KeyVaultSecret
from cdktf_cdktf_provider_azurerm.log_analytics_workspace import LogAnalyticsWorkspace
from cdktf_cdktf_provider_azurerm.monitor_diagnostic_setting import (
    MonitorDiagnosticSetting,
    MonitorDiagnosticSettingEnabledLog,
)
from cdktf_cdktf_provider_azurerm.provider import AzurermProvider, AzurermProviderFeatures
from cdktf_cdktf_provider_azurerm.role_assignment import RoleAssignment
from cdktf_cdktf_provider_azurerm.user_assigned_identity import UserAssignedIdentity

from benchmarks.plain_app.containers import gateway_container, litellm_container
from constructs import Construct

LOCATION = "southafricanorth"


class GatewayStack(TerraformStack):
    """One environment."""

    def __init__(self, scope: Construct, env: str, *, min_replicas: int, max_replicas: int, retention: int) -> None:
        super().__init__(scope, f"aigateway-{env}")
        tags = {"env": env, "project": "aigateway"}
        AzurermBackend(
            self,
            resource_group_name=f"pvc-{env}-aigateway-tfrg-san",
            storage_account_name=f"pvc{env}aigatewaystsan",
            container_name="tfstate",
            key=f"{env}.tfstate",
            use_azuread_auth=True,
            use_oidc=True,
        )
        AzurermProvider(
            self,
            "azurerm",
            features=[AzurermProviderFeatures()],
            resource_provider_registrations="none",
            resource_providers_to_register=["Microsoft.App", "Microsoft.KeyVault", "Microsoft.OperationalInsights"],
            use_oidc=True,
        )
        group = DataAzurermResourceGroup(self, "resource_group", name=f"pvc-{env}-aigateway-rg-san")
        workspace = LogAnalyticsWorkspace(
            self,
            "workspace",
            name=f"pvc-{env}-aigateway-law-san",
            location=LOCATION,
            resource_group_name=group.name,
            sku="PerGB2018",
            retention_in_days=retention,
            tags=tags,
        )
        identity = UserAssignedIdentity(
            self,
            "identity",
            name=f"pvc-{env}-aigateway-id-san",
            location=LOCATION,
            resource_group_name=group.name,
            tags=tags,
        )
        caller = DataAzurermClientConfig(self, "caller")
        vault = KeyVault(
            self,
            "key_vault",
            name=f"pvc-{env}-aigateway-kv-san",
            location=LOCATION,
            resource_group_name=group.name,
            tenant_id=caller.tenant_id,
            sku_name="standard",
            rbac_authorization_enabled=True,
            soft_delete_retention_days=30 if env == "prod" else 7,
            purge_protection_enabled=env == "prod",
            public_network_access_enabled=True,
            tags=tags,
        )
        reader = RoleAssignment(
            self,
            "secrets_reader",
            scope=vault.id,
            role_definition_name="Key Vault Secrets User",
            principal_id=identity.principal_id,
            principal_type="ServicePrincipal",
        )
        if env == "prod":
            MonitorDiagnosticSetting(
                self,
                "diagnostics",
                name="audit",
                target_resource_id=vault.id,
                log_analytics_workspace_id=workspace.id,
                enabled_log=[MonitorDiagnosticSettingEnabledLog(category="AuditEvent")],
            )
        environment = ContainerAppEnvironment(
            self,
            "environment",
            name=f"pvc-{env}-aigateway-cae-san",
            location=LOCATION,
            resource_group_name=group.name,
            log_analytics_workspace_id=workspace.id,
            logs_destination="log-analytics",
            tags=tags,
            depends_on=[reader],
        )
        gateway_key = TerraformVariable(self, "gateway_key", type="string", sensitive=True, nullable=False)
        second_key = TerraformVariable(
            self, "gateway_key_secondary", type="string", sensitive=True, nullable=False, default=""
        )
        azure_key = TerraformVariable(self, "azure_openai_api_key", type="string", sensitive=True, nullable=False)
        values = {
            "gateway-key": gateway_key.string_value,
            "gateway-key-secondary": Token.as_string(
                Fn.coalesce([second_key.string_value, Fn.sha256(f"secondary:{gateway_key.string_value}")])
            ),
            "inner-key": Token.as_string(Fn.sha256(f"inner:{Fn.uuid()}")),
            "azure-openai-api-key": azure_key.string_value,
        }
        secrets = {
            name: KeyVaultSecret(
                self,
                name.replace("-", "_") + "_secret",
                name=name,
                key_vault_id=vault.id,
                content_type="text/plain",
                value_wo=value,
                value_wo_version=1,
                tags=tags,
                depends_on=[environment],
            )
            for name, value in values.items()
        }
        app = ContainerApp(
            self,
            "container_app",
            name=f"pvc-{env}-aigateway-ca-san",
            resource_group_name=group.name,
            container_app_environment_id=environment.id,
            revision_mode="Single",
            identity=ContainerAppIdentity(type="UserAssigned", identity_ids=[identity.id]),
            secret=[
                ContainerAppSecret(name=name, key_vault_secret_id=secret.versionless_id, identity=identity.id)
                for name, secret in secrets.items()
            ],
            ingress=ContainerAppIngress(
                external_enabled=True,
                allow_insecure_connections=False,
                target_port=4000,
                transport="http",
                traffic_weight=[ContainerAppIngressTrafficWeight(latest_revision=True, percentage=100)],
            ),
            template=ContainerAppTemplate(
                min_replicas=min_replicas,
                max_replicas=max_replicas,
                termination_grace_period_seconds=220,
                http_scale_rule=[
                    ContainerAppTemplateHttpScaleRule(name="concurrent-requests", concurrent_requests="40")
                ],
                container=[gateway_container(), litellm_container()],
            ),
            tags=tags,
        )
        fqdn = app.ingress.fqdn
        TerraformOutput(self, "gateway_url", value=f"https://{fqdn}")
        TerraformOutput(self, "openai_base_url", value=f"https://{fqdn}/v1")
        TerraformOutput(self, "gateway_fqdn", value=fqdn)
        TerraformOutput(self, "resource_group_name", value=group.name)
        TerraformOutput(self, "key_vault_name", value=vault.name)
        TerraformOutput(self, "container_app_name", value=app.name)
        TerraformOutput(self, "image", value=app.template.container.get(0).image)

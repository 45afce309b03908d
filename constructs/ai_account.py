"""An owned upstream: an Azure AI account without keys, and its deployments."""

import re
from ipaddress import IPv4Network

from cdktf import ITerraformDependable

from constructs import Construct, azurerm
from constructs.caller import Caller
from constructs.identity import Identity
from constructs.observability import Observability
from constructs.resource_group import ResourceGroup
from constructs.roles import assign_role
from settings.environment import EnvironmentSettings
from settings.roles import COGNITIVE_SERVICES_OPENAI_USER
from settings.upstreams import OwnedDeployment, OwnedUpstream


class AIAccount(Construct):
    """The account, the gateway's role on it, and its deployments one after the other.

    Azure refuses two changes of one account at a time. The role comes first: it takes effect minutes later, and the
    deployments take some of them. `finished` is the end of the chain. The account has no keys, so Terraform's state
    has none either: the provider reads them of accounts that have them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        upstream: OwnedUpstream,
        group: ResourceGroup,
        identity: Identity,
        caller: Caller,
        observability: Observability,
    ) -> None:
        super().__init__(scope, construct_id)
        self._address = terraform_name(upstream.name)
        account = self._build_account(settings=settings, upstream=upstream, group=group)
        self.role = assign_role(
            self,
            f"{self._address}_openai_user",
            role=COGNITIVE_SERVICES_OPENAI_USER,
            target_id=account.id,
            subscription_id=caller.subscription_id,
            identity=identity,
        )
        self.finished: ITerraformDependable = self.role
        for deployment in upstream.deployments:
            self.finished = self._build_deployment(deployment, account_id=account.id)
        if upstream.foundry_project:
            self.finished = self._build_project(settings=settings, upstream=upstream, group=group, account=account)
        self._build_diagnostics(account_id=account.id, observability=observability)

    def _build_account(
        self, *, settings: EnvironmentSettings, upstream: OwnedUpstream, group: ResourceGroup
    ) -> azurerm.CognitiveAccount:
        """The subdomain is the account's name: tokens are accepted at no other address."""
        name = settings.naming.name("ai_account", location_short=upstream.location_short)
        account = azurerm.CognitiveAccount(
            self,
            "account",
            name=name,
            location=upstream.location,
            resource_group_name=group.name,
            kind="AIServices",
            sku_name="S0",
            custom_subdomain_name=name,
            local_auth_enabled=False,
            public_network_access_enabled=True,
            network_acls=_build_network_rules(upstream),
            project_management_enabled=upstream.foundry_project,
            identity=azurerm.CognitiveAccountIdentity(type="SystemAssigned") if upstream.foundry_project else None,
            tags=group.tags,
        )
        account.override_logical_id(self._address)
        return account

    def _build_deployment(self, deployment: OwnedDeployment, *, account_id: str) -> azurerm.CognitiveDeployment:
        """Its model's version changes when the settings change, and at no other time."""
        address = f"{self._address}_{terraform_name(deployment.name)}"
        resource = azurerm.CognitiveDeployment(
            self,
            address,
            name=deployment.name,
            cognitive_account_id=account_id,
            model=azurerm.CognitiveDeploymentModel(
                format=deployment.format, name=deployment.model, version=deployment.version
            ),
            sku=azurerm.CognitiveDeploymentSku(name=deployment.sku, capacity=deployment.capacity),
            version_upgrade_option="NoAutoUpgrade",
            depends_on=[self.finished],
        )
        resource.override_logical_id(address)
        return resource

    def _build_project(
        self,
        *,
        settings: EnvironmentSettings,
        upstream: OwnedUpstream,
        group: ResourceGroup,
        account: azurerm.CognitiveAccount,
    ) -> azurerm.CognitiveAccountProject:
        project = azurerm.CognitiveAccountProject(
            self,
            "project",
            name=settings.naming.name("ai_project", location_short=upstream.location_short),
            cognitive_account_id=account.id,
            location=upstream.location,
            identity=azurerm.CognitiveAccountProjectIdentity(type="SystemAssigned"),
            tags=group.tags,
            depends_on=[self.finished],
        )
        project.override_logical_id(self._address)
        return project

    def _build_diagnostics(self, *, account_id: str, observability: Observability) -> None:
        """Who changed the account. Its log of requests would repeat the gateway's and double what logs cost.

        Categories: https://learn.microsoft.com/azure/azure-monitor/reference/supported-logs/microsoft-cognitiveservices-accounts-logs
        """
        setting = azurerm.MonitorDiagnosticSetting(
            self,
            "diagnostics",
            name="audit",
            target_resource_id=account_id,
            log_analytics_workspace_id=observability.workspace_id,
            enabled_log=[azurerm.MonitorDiagnosticSettingEnabledLog(category="Audit")],
        )
        setting.override_logical_id(f"{self._address}_audit")  # the vault's is key_vault


def terraform_name(text: str) -> str:
    """A name of the settings as a part of a Terraform address."""
    return re.sub(r"[^a-zA-Z0-9]", "_", text)


def _build_network_rules(upstream: OwnedUpstream) -> azurerm.CognitiveAccountNetworkAcls:
    """Written even if any address may call: rules that the configuration no longer has would stay in Azure."""
    networks = [IPv4Network(network) for network in upstream.ip_allowlist]
    return azurerm.CognitiveAccountNetworkAcls(
        default_action="Deny" if networks else "Allow",
        bypass="None",
        ip_rules=[rule for network in networks for rule in _ip_rules(network)],
    )


def _ip_rules(network: IPv4Network) -> list[str]:
    """Azure takes one or two addresses by themselves, not as a network.

    https://learn.microsoft.com/azure/ai-services/cognitive-services-virtual-networks (IP network rules)
    """
    return [str(address) for address in network] if network.prefixlen > 30 else [str(network)]

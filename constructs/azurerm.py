"""The azurerm bindings: the only module that imports `cdktf_cdktf_provider_azurerm`, and only what the stack uses.

The package's own `__init__` imports all 1,531 resources and data sources of the provider, which is most of a synthesis:
three stacks took 18.9 s with it and 5.6 s without (docs/benchmarks.md). A bare package, put into `sys.modules` before,
keeps that `__init__` from running; its sub-modules are found as always and need nothing of it but the path and `_jsii`,
which loads the provider's assembly into the jsii kernel.
"""
# ruff: noqa: E402 - the bare package has to be there before the imports

import sys
from importlib.util import find_spec, module_from_spec

_PACKAGE = "cdktf_cdktf_provider_azurerm"


def _register_bare_package() -> None:
    """Register the package without running it; one that is already loaded stays as it is."""
    spec = find_spec(_PACKAGE)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {_PACKAGE!r}", name=_PACKAGE)
    sys.modules.setdefault(_PACKAGE, module_from_spec(spec))


_register_bare_package()

from cdktf_cdktf_provider_azurerm.application_insights import ApplicationInsights
from cdktf_cdktf_provider_azurerm.application_insights_standard_web_test import (
    ApplicationInsightsStandardWebTest,
    ApplicationInsightsStandardWebTestRequest,
    ApplicationInsightsStandardWebTestValidationRules,
)
from cdktf_cdktf_provider_azurerm.application_insights_workbook import ApplicationInsightsWorkbook
from cdktf_cdktf_provider_azurerm.cognitive_account import (
    CognitiveAccount,
    CognitiveAccountIdentity,
    CognitiveAccountNetworkAcls,
)
from cdktf_cdktf_provider_azurerm.cognitive_account_project import (
    CognitiveAccountProject,
    CognitiveAccountProjectIdentity,
)
from cdktf_cdktf_provider_azurerm.cognitive_deployment import (
    CognitiveDeployment,
    CognitiveDeploymentModel,
    CognitiveDeploymentSku,
)
from cdktf_cdktf_provider_azurerm.consumption_budget_resource_group import (
    ConsumptionBudgetResourceGroup,
    ConsumptionBudgetResourceGroupNotification,
    ConsumptionBudgetResourceGroupTimePeriod,
)
from cdktf_cdktf_provider_azurerm.container_app import (
    ContainerApp,
    ContainerAppIdentity,
    ContainerAppIngress,
    ContainerAppIngressIpSecurityRestriction,
    ContainerAppIngressTrafficWeight,
    ContainerAppRegistry,
    ContainerAppSecret,
    ContainerAppTemplate,
    ContainerAppTemplateContainer,
    ContainerAppTemplateContainerEnv,
    ContainerAppTemplateContainerLivenessProbe,
    ContainerAppTemplateContainerReadinessProbe,
    ContainerAppTemplateContainerStartupProbe,
    ContainerAppTemplateHttpScaleRule,
)
from cdktf_cdktf_provider_azurerm.container_app_environment import (
    ContainerAppEnvironment,
    ContainerAppEnvironmentWorkloadProfile,
)
from cdktf_cdktf_provider_azurerm.data_azurerm_client_config import DataAzurermClientConfig
from cdktf_cdktf_provider_azurerm.data_azurerm_resource_group import DataAzurermResourceGroup
from cdktf_cdktf_provider_azurerm.key_vault import KeyVault
from cdktf_cdktf_provider_azurerm.key_vault_secret import KeyVaultSecret
from cdktf_cdktf_provider_azurerm.log_analytics_workspace import LogAnalyticsWorkspace
from cdktf_cdktf_provider_azurerm.monitor_action_group import (
    MonitorActionGroup,
    MonitorActionGroupEmailReceiver,
)
from cdktf_cdktf_provider_azurerm.monitor_diagnostic_setting import (
    MonitorDiagnosticSetting,
    MonitorDiagnosticSettingEnabledLog,
)
from cdktf_cdktf_provider_azurerm.monitor_metric_alert import (
    MonitorMetricAlert,
    MonitorMetricAlertAction,
    MonitorMetricAlertApplicationInsightsWebTestLocationAvailabilityCriteria,
)
from cdktf_cdktf_provider_azurerm.monitor_scheduled_query_rules_alert_v2 import (
    MonitorScheduledQueryRulesAlertV2,
    MonitorScheduledQueryRulesAlertV2Action,
    MonitorScheduledQueryRulesAlertV2Criteria,
    MonitorScheduledQueryRulesAlertV2CriteriaFailingPeriods,
)
from cdktf_cdktf_provider_azurerm.provider import (
    AzurermProvider,
    AzurermProviderFeatures,
    AzurermProviderFeaturesCognitiveAccount,
    AzurermProviderFeaturesKeyVault,
)
from cdktf_cdktf_provider_azurerm.role_assignment import RoleAssignment
from cdktf_cdktf_provider_azurerm.user_assigned_identity import UserAssignedIdentity

__all__ = [
    "ApplicationInsights",
    "ApplicationInsightsStandardWebTest",
    "ApplicationInsightsStandardWebTestRequest",
    "ApplicationInsightsStandardWebTestValidationRules",
    "ApplicationInsightsWorkbook",
    "AzurermProvider",
    "AzurermProviderFeatures",
    "AzurermProviderFeaturesCognitiveAccount",
    "AzurermProviderFeaturesKeyVault",
    "CognitiveAccount",
    "CognitiveAccountIdentity",
    "CognitiveAccountNetworkAcls",
    "CognitiveAccountProject",
    "CognitiveAccountProjectIdentity",
    "CognitiveDeployment",
    "CognitiveDeploymentModel",
    "CognitiveDeploymentSku",
    "ConsumptionBudgetResourceGroup",
    "ConsumptionBudgetResourceGroupNotification",
    "ConsumptionBudgetResourceGroupTimePeriod",
    "ContainerApp",
    "ContainerAppEnvironment",
    "ContainerAppEnvironmentWorkloadProfile",
    "ContainerAppIdentity",
    "ContainerAppIngress",
    "ContainerAppIngressIpSecurityRestriction",
    "ContainerAppIngressTrafficWeight",
    "ContainerAppRegistry",
    "ContainerAppSecret",
    "ContainerAppTemplate",
    "ContainerAppTemplateContainer",
    "ContainerAppTemplateContainerEnv",
    "ContainerAppTemplateContainerLivenessProbe",
    "ContainerAppTemplateContainerReadinessProbe",
    "ContainerAppTemplateContainerStartupProbe",
    "ContainerAppTemplateHttpScaleRule",
    "DataAzurermClientConfig",
    "DataAzurermResourceGroup",
    "KeyVault",
    "KeyVaultSecret",
    "LogAnalyticsWorkspace",
    "MonitorActionGroup",
    "MonitorActionGroupEmailReceiver",
    "MonitorDiagnosticSetting",
    "MonitorDiagnosticSettingEnabledLog",
    "MonitorMetricAlert",
    "MonitorMetricAlertAction",
    "MonitorMetricAlertApplicationInsightsWebTestLocationAvailabilityCriteria",
    "MonitorScheduledQueryRulesAlertV2",
    "MonitorScheduledQueryRulesAlertV2Action",
    "MonitorScheduledQueryRulesAlertV2Criteria",
    "MonitorScheduledQueryRulesAlertV2CriteriaFailingPeriods",
    "RoleAssignment",
    "UserAssignedIdentity",
]

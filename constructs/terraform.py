"""What Terraform itself needs: its version, the provider, and where the state lies."""

from cdktf import AzurermBackend, TerraformStack

from constructs.azurerm import (
    AzurermProvider,
    AzurermProviderFeatures,
    AzurermProviderFeaturesCognitiveAccount,
    AzurermProviderFeaturesKeyVault,
)
from settings.environment import EnvironmentSettings
from settings.naming import plan_identity

REQUIRED_VERSION = ">= 1.11"
"""Write-only arguments came with 1.11, ephemeral variables with 1.10."""

PROVIDER_VERSION = "4.81.0"
"""Exactly one: what is planned is what is applied. The bindings are made from 4.55.0 and would pin that.

Renovate raises it, with the plans of all environments in the pull request (renovate.json).
"""

_RESOURCE_PROVIDERS = (
    "Microsoft.App",
    "Microsoft.ManagedIdentity",
)
"""The Azure services of every stack that a new subscription does not know."""

_OF_A_SUBNET = ("Microsoft.ContainerService", "Microsoft.Network")
"""For a Container Apps environment in a subnet: https://learn.microsoft.com/azure/container-apps/vnet-custom tells to
register the first; of the second are the load balancer and addresses that Azure then makes in the subscription."""


def configure_terraform(stack: TerraformStack, *, settings: EnvironmentSettings) -> None:
    """Add backend and provider to the stack, with the versions they need."""
    _build_backend(stack, settings=settings)
    _build_provider(stack, settings=settings)
    stack.add_override("terraform.required_version", REQUIRED_VERSION)
    stack.add_override(
        "terraform.required_providers.azurerm", {"source": "hashicorp/azurerm", "version": PROVIDER_VERSION}
    )
    # For the bootstrap, which registers them: Terraform ignores what is below `//`.
    for name, value in _for_the_bootstrap(settings).items():
        stack.add_override(f"//.{name}", value)


def _build_backend(stack: TerraformStack, *, settings: EnvironmentSettings) -> None:
    """One blob per environment, opened with Entra ID: a workflow's OIDC token or a person's `az login`, no key."""
    AzurermBackend(
        stack,
        resource_group_name=settings.backend.resource_group_name,
        storage_account_name=settings.backend.storage_account_name,
        container_name=settings.backend.container_name,
        key=settings.backend.key,
        subscription_id=settings.subscription_id,
        tenant_id=settings.tenant_id,
        use_azuread_auth=True,
        use_oidc=True,
    )


def _build_provider(stack: TerraformStack, *, settings: EnvironmentSettings) -> None:
    """Subscription and tenant come from the settings or, without them, from `ARM_SUBSCRIPTION_ID` and the login.

    Nothing here needs a right on the subscription: the bootstrap registers the resource providers, and what is deleted
    stays recoverable for a while, because purging it is an action on the subscription
    (docs/decisions/0029-rights-on-one-group.md).
    """
    provider = AzurermProvider(
        stack,
        "azurerm",
        features=[
            AzurermProviderFeatures(
                cognitive_account=[AzurermProviderFeaturesCognitiveAccount(purge_soft_delete_on_destroy=False)],
                key_vault=[
                    AzurermProviderFeaturesKeyVault(
                        purge_soft_delete_on_destroy=False,
                        # What was in somebody else's vault can be recovered as long as its owner decided.
                        purge_soft_deleted_secrets_on_destroy=settings.existing.key_vault is None,
                        recover_soft_deleted_key_vaults=True,  # if the caller may see them
                    )
                ],
            )
        ],
        resource_provider_registrations="none",
        subscription_id=settings.subscription_id,
        tenant_id=settings.tenant_id,
        use_oidc=True,
    )
    # Unknown to the bindings. Left alone, the provider lists the subscription's services and stops if it may not.
    provider.add_override("features.0.enhanced_validation", [{"resource_providers": False}])


def _for_the_bootstrap(settings: EnvironmentSettings) -> dict[str, object]:
    """What it prepares and Terraform must not, or cannot, do."""
    return {
        "resource_providers": _resource_providers(settings),
        "existing_resource_group": settings.existing.resource_group is not None,
        "deploy_identity": settings.naming.name("deploy_identity"),
        "read_identity": settings.naming.name("read_identity"),
        "plan_identity": plan_identity(settings.projname),
        "replication": settings.backend.replication,
        "delete_lock": settings.delete_lock,
    }


def _resource_providers(settings: EnvironmentSettings) -> list[str]:
    """Azure writes `microsoft.insights` so, and the provider compares letter by letter."""
    wanted, existing = settings.observability, settings.existing
    is_watched = wanted.application_insights or wanted.has_receivers or wanted.workbook
    has_audit_log = settings.key_vault.audit_log
    return sorted(
        [
            *_RESOURCE_PROVIDERS,
            *([] if existing.key_vault else ["Microsoft.KeyVault"]),
            *([] if existing.log_analytics_workspace else ["Microsoft.OperationalInsights"]),
            *(["Microsoft.CognitiveServices"] if settings.owned_upstreams else []),
            *(_OF_A_SUBNET if settings.network.infrastructure_subnet_id else []),
            *(["microsoft.insights"] if settings.owned_upstreams or is_watched or has_audit_log else []),
        ]
    )

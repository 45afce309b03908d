"""What Terraform itself needs: its version, the provider, and where the state lies."""

from cdktf import AzurermBackend, TerraformStack

from constructs.azurerm import (
    AzurermProvider,
    AzurermProviderFeatures,
    AzurermProviderFeaturesKeyVault,
    AzurermProviderFeaturesResourceGroup,
)
from settings.environment import EnvironmentSettings

REQUIRED_VERSION = ">= 1.11"
"""Write-only arguments came with 1.11, ephemeral variables with 1.10."""

PROVIDER_VERSION = "4.81.0"
"""Exactly one: what is planned is what is applied. The bindings are made from 4.55.0 and would pin that.

Renovate raises it, with the plans of all environments in the pull request (renovate.json).
"""

_RESOURCE_PROVIDERS = (
    "Microsoft.App",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.OperationalInsights",
)
"""The Azure services of every stack that a new subscription does not know."""


def configure_terraform(stack: TerraformStack, *, settings: EnvironmentSettings) -> None:
    """Add backend and provider to the stack, with the versions they need."""
    _build_backend(stack, settings=settings)
    _build_provider(stack, settings=settings)
    stack.add_override("terraform.required_version", REQUIRED_VERSION)
    stack.add_override(
        "terraform.required_providers.azurerm", {"source": "hashicorp/azurerm", "version": PROVIDER_VERSION}
    )


def _build_backend(stack: TerraformStack, *, settings: EnvironmentSettings) -> None:
    """One blob per environment, opened with Entra ID: a workflow's OIDC token or a person's `az login`, no key."""
    AzurermBackend(
        stack,
        resource_group_name=settings.backend.resource_group_name,
        storage_account_name=settings.backend.storage_account_name,
        container_name=settings.backend.container_name,
        key=settings.backend.key,
        use_azuread_auth=True,
        use_oidc=True,
    )


def _build_provider(stack: TerraformStack, *, settings: EnvironmentSettings) -> None:
    """The subscription comes from `ARM_SUBSCRIPTION_ID`.

    Left alone, version 4 registers 66 services in the subscription, Container Apps not among them, and
    version 5 registers none. Naming ours lets a first deployment succeed in an empty subscription, and touches
    nothing else.
    """
    AzurermProvider(
        stack,
        "azurerm",
        features=[
            AzurermProviderFeatures(
                key_vault=[
                    AzurermProviderFeaturesKeyVault(
                        # A vault under purge protection refuses; another would block its name until retention ends.
                        purge_soft_delete_on_destroy=not settings.key_vault.purge_protection,
                        recover_soft_deleted_key_vaults=True,
                    )
                ],
                resource_group=[AzurermProviderFeaturesResourceGroup(prevent_deletion_if_contains_resources=True)],
            )
        ],
        resource_provider_registrations="none",
        resource_providers_to_register=_resource_providers(settings),
        use_oidc=True,
    )


def _resource_providers(settings: EnvironmentSettings) -> list[str]:
    """Azure writes `microsoft.insights` so, and the provider compares letter by letter."""
    wanted = settings.observability
    is_watched = wanted.application_insights or wanted.has_receivers or wanted.workbook
    has_audit_log = settings.key_vault.audit_log
    return sorted(
        [
            *_RESOURCE_PROVIDERS,
            *(["Microsoft.CognitiveServices"] if settings.owned_upstreams else []),
            *(["microsoft.insights"] if settings.owned_upstreams or is_watched or has_audit_log else []),
        ]
    )

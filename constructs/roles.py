"""Roles of the gateway's identity outside its vault, each by its id: Azure renames roles, and their ids stay.

https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
"""

from constructs import Construct, azurerm
from constructs.identity import Identity

COGNITIVE_SERVICES_OPENAI_USER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"
"""Call the models of an account; neither its keys nor its deployments."""
MONITORING_METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
"""Send telemetry of every kind, and read none
(https://learn.microsoft.com/azure/azure-monitor/app/azure-ad-authentication)."""


def assign_role(
    scope: Construct, address: str, *, role: str, target_id: str, subscription_id: str, identity: Identity
) -> azurerm.RoleAssignment:
    """The identity's role on one resource, which lies in that subscription.

    Azure tells the id with the subscription in it; without it every plan would show a replacement.
    """
    assignment = azurerm.RoleAssignment(
        scope,
        address,
        scope=target_id,
        role_definition_id=(
            f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        ),
        principal_id=identity.principal_id,
        # Saves the look-up of an identity that the directory may not know yet.
        principal_type="ServicePrincipal",
    )
    assignment.override_logical_id(address)
    return assignment

"""How the stack gives the gateway's identity a role outside its vault (settings/roles.py)."""

from constructs import Construct, azurerm
from constructs.identity import Identity


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

"""Tenant and subscription of the deployment: the same for everybody who plans or deploys it."""

from constructs import Construct, azurerm


class Caller(Construct):
    """What the provider is signed in to. The identity that signed in is not here: no resource may depend on it."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        caller = azurerm.DataAzurermClientConfig(self, "caller")
        caller.override_logical_id("caller")
        self.tenant_id = caller.tenant_id
        self.subscription_id = caller.subscription_id

"""What a deployed stack tells: people, scripts and workflows read these names."""

from cdktf import TerraformOutput, TerraformStack

from constructs.container_app import ContainerApp
from constructs.key_vault import KeyVault
from constructs.resource_group import ResourceGroup


def declare_outputs(stack: TerraformStack, *, app: ContainerApp, vault: KeyVault, group: ResourceGroup) -> None:
    """Add the outputs, all of them public, under exactly their own names.

    The revision is not among them: the provider does not mark `latest_revision_name` as unknown, so after an update the
    output would be the revision before. `scripts/deploy.py` reads it from Azure.
    """
    outputs = {
        "gateway_url": (f"https://{app.fqdn}", "The gateway's address: the host alone."),
        "openai_base_url": (f"https://{app.fqdn}/v1", "The base URL for OpenAI clients."),
        "gateway_fqdn": (app.fqdn, "The gateway's host name; it stays the same for every revision."),
        "resource_group_name": (group.name, "The resource group of this environment."),
        "key_vault_name": (vault.name, "The Key Vault with the secrets of this environment."),
        "container_app_name": (app.name, "The container app."),
        "image": (app.image, "The image of its containers, with its digest."),
    }
    for name, (value, description) in outputs.items():
        TerraformOutput(stack, name, value=value, description=description, static_id=True)

"""The variables of the repository and its environments, which the workflows read; none is secret."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.bootstrapping.identities import Identities
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine
from scripts.terraform.stacks import Stack


def repository_variables(identities: Identities) -> dict[str, str]:
    """For jobs without an environment: plans, and the nightly drift check, which uses the deploy identity."""
    return {
        "AZURE_CLIENT_ID": identities.plan_client_id,
        "AZURE_DEPLOY_CLIENT_ID": identities.deploy_client_id,
        "AZURE_TENANT_ID": identities.tenant_id,
        "AZURE_SUBSCRIPTION_ID": identities.subscription_id,
    }


def environment_variables(stack: Stack, identities: Identities) -> dict[str, str]:
    """For jobs of the environment; the state is the one of the stack's backend."""
    return {
        "AZURE_CLIENT_ID": identities.deploy_client_id,
        "AZURE_TENANT_ID": identities.tenant_id,
        "AZURE_SUBSCRIPTION_ID": identities.subscription_id,
        "TFSTATE_RESOURCE_GROUP": stack.backend.resource_group_name,
        "TFSTATE_STORAGE_ACCOUNT": stack.backend.storage_account_name,
        "TFSTATE_CONTAINER": stack.backend.container_name,
    }


def set_variables(
    gh: CommandLine, progress: Progress, *, repository: str, variables: Mapping[str, str], env: str | None = None
) -> None:
    """Create or change them, in the environment or the repository; other variables are kept."""
    options = ["--repo", repository, *(["--env", env] if env else [])]
    # In a dry run, GitHub does not find an environment that a real run would have created.
    listed = gh.find("variable", "list", *options, "--json", "name,value") or []
    existing = {variable["name"]: variable["value"] for variable in listed}
    for name, value in variables.items():
        if existing.get(name) == value:
            progress.ok(f"variable {name} = {value}")
            continue
        gh.change("variable", "set", name, *options, "--body", value)
        if name in existing:
            progress.changed(f"variable {name}: {existing[name]} -> {value}")
        else:
            progress.created(f"variable {name} = {value}")

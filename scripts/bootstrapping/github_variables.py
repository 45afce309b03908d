"""The variables of the repository and of its environments, which the workflows read; none of them is a secret."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.bootstrapping.identities import Identities
from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandLine
from scripts.terraform.stacks import Stack


def repository_variables(identities: Identities) -> dict[str, str]:
    """What a job without an environment sees: it plans; the nightly drift reads what only a deployment may."""
    return {
        "AZURE_CLIENT_ID": identities.plan_client_id,
        "AZURE_DEPLOY_CLIENT_ID": identities.deploy_client_id,
        "AZURE_TENANT_ID": identities.tenant_id,
        "AZURE_SUBSCRIPTION_ID": identities.subscription_id,
    }


def environment_variables(stack: Stack, identities: Identities) -> dict[str, str]:
    """What a job of the environment sees in their place; the state's names are the ones in the stack's backend."""
    return {
        "AZURE_CLIENT_ID": identities.deploy_client_id,
        "AZURE_TENANT_ID": identities.tenant_id,
        "AZURE_SUBSCRIPTION_ID": identities.subscription_id,
        "TFSTATE_RESOURCE_GROUP": stack.backend.resource_group_name,
        "TFSTATE_STORAGE_ACCOUNT": stack.backend.storage_account_name,
        "TFSTATE_CONTAINER": stack.backend.container_name,
    }


def set_variables(
    gh: CommandLine, steps: Steps, *, repository: str, wanted: Mapping[str, str], env: str | None = None
) -> None:
    """Make them as wanted, in the environment or in the repository itself; others that are there stay."""
    place = ["--repo", repository, *(["--env", env] if env else [])]
    # An environment that a dry run did not make is not found.
    listed = gh.find("variable", "list", *place, "--json", "name,value") or []
    there = {variable["name"]: variable["value"] for variable in listed}
    for name, value in wanted.items():
        if there.get(name) == value:
            steps.found(f"variable {name} = {value}")
            continue
        gh.change("variable", "set", name, *place, "--body", value)
        if name in there:
            steps.changed(f"variable {name}: {there[name]} -> {value}")
        else:
            steps.created(f"variable {name} = {value}")

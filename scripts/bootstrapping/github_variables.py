"""The variables of the repository and its environments, which the workflows read; none is secret."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.bootstrapping.identities import Identities
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine
from scripts.terraform.stacks import Stack

_OF_THE_REPOSITORY = {
    "AZURE_TENANT_ID": "tenant_id",
    "AZURE_SUBSCRIPTION_ID": "subscription_id",
    "AZURE_PLAN_CLIENT_ID": "plan_client_id",
    "AZURE_READ_CLIENT_ID": "read_client_id",
}


def repository_variables(env: str, identities: Identities) -> dict[str, str]:
    """For jobs without an environment: plans of pull requests, plans before deployments, the nightly drift check."""
    return {f"{name}_{suffix(env)}": getattr(identities, field) for name, field in _OF_THE_REPOSITORY.items()}


def repository_variable_names(env: str) -> list[str]:
    """The names of the same."""
    return [f"{name}_{suffix(env)}" for name in _OF_THE_REPOSITORY]


def suffix(env: str) -> str:
    """The end of the names of a repository's variables of an environment."""
    return env.upper()


def environment_variables(stack: Stack, identities: Identities) -> dict[str, str]:
    """For jobs of the environment; the state is the one of the stack's backend."""
    return {
        "AZURE_CLIENT_ID": identities.deploy_client_id,
        "AZURE_TENANT_ID": identities.tenant_id,
        "AZURE_SUBSCRIPTION_ID": identities.subscription_id,
        **stack.backend.github_variables,
    }


def set_variables(
    gh: CommandLine, progress: Progress, *, repository: str, variables: Mapping[str, str], env: str | None = None
) -> None:
    """Create or change them, in the environment or the repository; other variables are kept."""
    existing = list_variables(gh, repository=repository, env=env)
    options = _options(repository, env)
    for name, value in variables.items():
        if existing.get(name) == value:
            progress.ok(f"variable {name} = {value}")
            continue
        gh.change("variable", "set", name, *options, "--body", value)
        if name in existing:
            progress.changed(f"variable {name}: {existing[name]} -> {value}")
        else:
            progress.created(f"variable {name} = {value}")


def list_variables(gh: CommandLine, *, repository: str, env: str | None = None) -> dict[str, str]:
    """Those that there are. In a dry run, GitHub does not find an environment that a real run would have created."""
    listed = gh.find("variable", "list", *_options(repository, env), "--json", "name,value") or []
    return {variable["name"]: variable["value"] for variable in listed}


def _options(repository: str, env: str | None) -> list[str]:
    return ["--repo", repository, *(["--env", env] if env else [])]

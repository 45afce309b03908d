"""The GitHub side of the bootstrap: environments, variables and secrets, through gh or as a checklist."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.bootstrapping.github_checklist import checklist
from scripts.bootstrapping.github_environments import BY_ITSELF, RefusedByPlanError, set_environment
from scripts.bootstrapping.github_reviewers import find_reviewers
from scripts.bootstrapping.github_secrets import Missing, set_secrets, wanted_secrets
from scripts.bootstrapping.github_variables import environment_variables, repository_variables, set_variables
from scripts.bootstrapping.identities import Identities
from scripts.bootstrapping.steps import Steps
from scripts.cloud.commands import CommandFailed, CommandLine
from scripts.stacks import Stack
from scripts.work import Failed, say


def github(
    gh: CommandLine,
    steps: Steps,
    *,
    repository: str,
    stacks: Sequence[Stack],
    identities: Identities,
    reviewers: Sequence[str],
    approval: bool = True,
) -> bool:
    """Make the repository deploy these stacks; `approval` by nobody leaves every environment without reviewers.

    False: there is no gh to do it with, and what to do by hand is printed.

    Raises:
        Failed: everything else is done, and it says what is left for a person to do.
    """
    with steps.step("GitHub login"):
        why_not = _log_in(gh, steps)
    if why_not:
        say(why_not)
        print(
            checklist(
                repository=repository, stacks=stacks, identities=identities, reviewers=reviewers, approval=approval
            )
        )
        return False
    with steps.step(f"Variables of {repository}"):
        set_variables(gh, steps, repository=repository, wanted=repository_variables(identities))
    with steps.step("Reviewers"):
        people = find_reviewers(gh, reviewers) if approval else []
        steps.found(", ".join(person.name for person in people) or "nobody, as you wish")
    left: list[str] = []
    missing: list[Missing] = []
    for stack in stacks:
        with steps.step(f"GitHub environment {stack.env}"):
            try:
                set_environment(
                    gh,
                    steps,
                    repository=repository,
                    env=stack.env,
                    reviewers=[] if stack.env in BY_ITSELF else people,
                    replace=bool(reviewers),
                )
            except RefusedByPlanError as refusal:
                left.append(_refused(stack.env, refusal, client_id=identities.deploy_client_id))
                continue
            wanted = environment_variables(stack, identities)
            set_variables(gh, steps, repository=repository, env=stack.env, wanted=wanted)
            others = [other for other in stacks if other is not stack]
            missing += set_secrets(gh, steps, repository=repository, stack=stack, others=others)
    _say_where_keys_are(stacks)
    if missing:
        left.append("Secrets that only you know are missing; gh asks for the value:\n" + _commands(missing))
    if left:
        raise Failed("\n".join(left))
    return True


def _log_in(gh: CommandLine, steps: Steps) -> str:
    """Why not, if not."""
    if not gh.is_installed:
        return "gh, GitHub's command line, is not on PATH (https://cli.github.com): a checklist instead."
    try:
        me = gh.ask("api", "user")
    except CommandFailed as failure:
        if failure.reason == "401" or "gh auth login" in failure.message:
            return "gh is not logged in (gh auth login): a checklist instead."
        raise
    steps.found(f"you: {me['login']}")
    return ""


def _refused(env: str, refusal: RefusedByPlanError, *, client_id: str) -> str:
    return (
        f"Environment {env} was left as it is: {refusal}\n"
        "  Private repositories have required reviewers with GitHub Enterprise only. Make the repository public, or\n"
        f"  change its plan, and run this again; or run it with --no-approval: {env} is then deployed without\n"
        "  anybody's yes. Until then any branch can log in to Azure for it, by naming it: GitHub makes an environment\n"
        "  that a workflow names, without protection. To keep that shut:\n"
        f"  az ad app federated-credential delete --id {client_id} --federated-credential-id {env}"
    )


def _commands(missing: Sequence[Missing]) -> str:
    return "\n".join(f"  {secret.command}" for secret in missing)


def _say_where_keys_are(stacks: Sequence[Stack]) -> None:
    say("Nobody can read a secret back from GitHub. After the first deployment, the clients' keys are in the vaults:")
    for stack in stacks:
        for variable in wanted_secrets(stack):
            if variable.is_ours:
                name = variable.name.replace("_", "-")
                say(
                    f"  az keyvault secret show --vault-name {stack.key_vault} --name {name} --query value --output tsv"
                )

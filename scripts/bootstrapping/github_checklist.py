"""What to do by hand where there is no GitHub CLI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scripts.bootstrapping.github_environments import BRANCH, BY_ITSELF
from scripts.bootstrapping.github_secrets import explained, wanted_secrets
from scripts.bootstrapping.github_variables import environment_variables, repository_variables
from scripts.bootstrapping.identities import Identities
from scripts.stacks import Stack

_MAKE = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


def checklist(
    *, repository: str, stacks: Sequence[Stack], identities: Identities, reviewers: Sequence[str], approval: bool
) -> str:
    """Everything that the step would have done, with the place where it is done on the website."""
    return "\n".join(_lines(repository, stacks, identities, reviewers, approval=approval))


def _lines(
    repository: str, stacks: Sequence[Stack], identities: Identities, reviewers: Sequence[str], *, approval: bool
) -> Iterator[str]:
    settings = f"https://github.com/{repository}/settings"
    yield f"To be done by hand in {settings}, or by running this again when gh is installed and logged in:"
    yield ""
    yield f"Variables of the repository ({settings}/variables/actions > New repository variable)"
    for name, value in repository_variables(identities).items():
        yield f"  [ ] {name} = {value}"
    for stack in stacks:
        yield ""
        yield f"Environment {stack.env} ({settings}/environments > New environment)"
        if approval and stack.env not in BY_ITSELF:
            yield f"  [ ] Required reviewers: {', '.join(reviewers) or 'yourself, or who shall approve'}"
        yield f"  [ ] Deployment branches and tags > Selected branches and tags > {BRANCH}, and nothing else"
        for name, value in environment_variables(stack, identities).items():
            yield f"  [ ] Environment variable {name} = {value}"
        for variable in wanted_secrets(stack):
            origin = f"made by: {_MAKE}" if variable.is_ours else explained(variable)
            yield f"  [ ] Environment secret {variable.github_secret}: {origin}"

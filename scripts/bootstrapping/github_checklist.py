"""What to do by hand where there is no GitHub CLI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scripts.bootstrapping.github_environments import BRANCH, BY_ITSELF
from scripts.bootstrapping.github_secrets import explained, wanted_secrets
from scripts.bootstrapping.github_variables import environment_variables, repository_variables
from scripts.bootstrapping.identities import Identities
from scripts.terraform.stacks import Stack

_MAKE = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


def checklist(
    *, repository: str, stacks: Sequence[Stack], identities: Identities, reviewers: Sequence[str] | None
) -> str:
    """Everything that the part would have done, with the place where it is done on the website; protection first.

    `reviewers` is None where nobody shall approve, and empty where nobody is named.
    """
    settings = f"https://github.com/{repository}/settings"
    return "\n".join(
        [
            f"To be done by hand in {settings}, or by running this again when gh is installed and logged in:",
            *_protection(settings, stacks, reviewers),
            *_contents(settings, stacks, identities),
        ]
    )


def _protection(settings: str, stacks: Sequence[Stack], reviewers: Sequence[str] | None) -> Iterator[str]:
    for stack in stacks:
        yield ""
        yield f"Environment {stack.env} ({settings}/environments > New environment)"
        if reviewers is not None and stack.env not in BY_ITSELF:
            yield f"  [ ] Required reviewers: {', '.join(reviewers) or 'yourself, or who shall approve'}"
        yield f"  [ ] Deployment branches and tags > Selected branches and tags > branch {BRANCH}, and nothing else"


def _contents(settings: str, stacks: Sequence[Stack], identities: Identities) -> Iterator[str]:
    yield ""
    yield f"Variables of the repository ({settings}/variables/actions > New repository variable)"
    for name, value in repository_variables(identities).items():
        yield f"  [ ] {name} = {value}"
    for stack in stacks:
        yield ""
        yield f"Variables and secrets of environment {stack.env} ({settings}/environments > {stack.env})"
        for name, value in environment_variables(stack, identities).items():
            yield f"  [ ] Environment variable {name} = {value}"
        for variable in wanted_secrets(stack):
            origin = f"made by: {_MAKE}" if variable.is_ours else explained(variable)
            yield f"  [ ] Environment secret {variable.github_secret}: {origin}"

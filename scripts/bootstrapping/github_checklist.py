"""What to do on GitHub's website where there is no GitHub CLI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scripts.bootstrapping.github_environments import BRANCH, WITHOUT_REVIEW
from scripts.bootstrapping.github_secrets import description, required_secrets
from scripts.bootstrapping.github_variables import environment_variables, repository_variables
from scripts.bootstrapping.identities import Identities
from scripts.terraform.stacks import Stack

_GENERATE = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


def checklist(
    *, repository: str, stacks: Sequence[Stack], identities: Mapping[str, Identities], reviewers: Sequence[str] | None
) -> str:
    """Everything that the step `github` would do, protection first.

    `identities` are by environment. `reviewers` is None if nobody must approve, and empty if nobody is named.
    """
    settings = f"https://github.com/{repository}/settings"
    return "\n".join(
        [
            f"Do this in {settings}, or install gh, log in and run this again:",
            *_protection(settings, stacks, reviewers),
            *_contents(settings, stacks, identities),
        ]
    )


def _protection(settings: str, stacks: Sequence[Stack], reviewers: Sequence[str] | None) -> Iterator[str]:
    for stack in stacks:
        yield ""
        yield f"Environment {stack.env} ({settings}/environments > New environment)"
        if reviewers is not None and stack.env not in WITHOUT_REVIEW:
            yield f"  [ ] Required reviewers: {', '.join(reviewers) or 'yourself or others'}"
        yield f"  [ ] Deployment branches and tags > Selected branches and tags > only branch {BRANCH}"


def _contents(settings: str, stacks: Sequence[Stack], identities: Mapping[str, Identities]) -> Iterator[str]:
    yield ""
    yield f"Variables of the repository ({settings}/variables/actions > New repository variable)"
    for stack in stacks:
        for name, value in repository_variables(stack.env, identities[stack.env]).items():
            yield f"  [ ] {name} = {value}"
    for stack in stacks:
        yield ""
        yield f"Variables and secrets of environment {stack.env} ({settings}/environments > {stack.env})"
        for name, value in environment_variables(stack, identities[stack.env]).items():
            yield f"  [ ] Environment variable {name} = {value}"
        for variable in required_secrets(stack):
            source = f"generate it with: {_GENERATE}" if variable.is_ours else description(variable)
            yield f"  [ ] Environment secret {variable.github_secret}: {source}"

"""A job of a workflow, run with the stand-ins as GitHub would run it: its variables, its token, its login to Azure.

Azure accepts the token only if the identity trusts its subject, and what the job then does in Azure has that identity's
rights.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from scripts.bootstrapping.federated_credentials import ISSUER
from tests.cloud.fixtures import Cloud, Ran
from tests.workflows.files import WORKFLOWS, Job, Step

PREFIX = "repo:contoso/gateway"
"""Of the subjects of the stand-in's tokens."""
_EXPRESSION = re.compile(r"\$\{\{ (.+?) \}\}")
_INDEX = re.compile(r"vars\[format\('(\w+)\{0\}', matrix\.environment\)\]")


class NotTrustedError(Exception):
    """AADSTS700213: no credential of the identity has the token's issuer and subject."""


@dataclass(frozen=True, kw_only=True)
class Runner:
    """GitHub's runner; `start` runs a script with words and variables."""

    cloud: Cloud
    start: Callable[..., Ran]
    event: str = "push"
    inputs: Mapping[str, str] = field(default_factory=dict)

    def run(self, workflow: str, name: str, *, env: str, needs: Mapping[str, Mapping[str, str]] | None = None) -> Ran:
        """Log in and run the script of ours that the login is for.

        Raises:
            NotTrustedError: Azure refuses the login.
        """
        job = Job(workflow, name, WORKFLOWS[workflow]["jobs"][name])
        context = self._context(job, env=env, needs=needs or {})
        (step,) = (each for each in job.steps if each.run and not each.calls("prepare") and not each.calls("comment"))
        environ = {name: _evaluated(value, context) for name, value in step.env.items()}
        login = {key.removeprefix("ARM_"): value for key, value in environ.items() if key.startswith("ARM_")}
        for each in (each for each in job.steps if each.action == "azure/login"):
            given = {key.upper().replace("-", "_"): value for key, value in each.content["with"].items()}
            login |= {key: _evaluated(value, context) for key, value in given.items()}
        script, *words = shlex.split(_substituted(step, environ))[1:]
        with self._logged_in(login, subject=self._subject(job, env)):
            return self.start(script.removeprefix("scripts/").removesuffix(".py"), *words, **environ)

    def _subject(self, job: Job, env: str) -> str:
        if job.environment:
            return f"{PREFIX}:environment:{env}"
        return f"{PREFIX}:pull_request" if self.event == "pull_request" else f"{PREFIX}:ref:refs/heads/main"

    def _context(self, job: Job, *, env: str, needs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """The values of expressions; GitHub's variables and secrets in upper case."""
        github = self.cloud.state("gh")
        own: dict[str, Any] = github["environments"].get(env, {}) if job.environment else {}
        found = {"matrix.environment": env, "github.token": "t"}
        found |= {f"inputs.{name}": value for name, value in self.inputs.items()}
        for kind in ("variables", "secrets"):
            values = {**github[kind], **own.get(kind, {})}
            found |= {f"{'vars' if kind == 'variables' else kind}.{name}": value for name, value in values.items()}
        found |= {f"needs.{name}.outputs.{key}": text for name, of in needs.items() for key, text in of.items()}
        return found

    @contextmanager
    def _logged_in(self, login: Mapping[str, str], *, subject: str) -> Iterator[None]:
        state = self.cloud.state()
        apps = [app for app in state["apps"] if app["appId"] == login["CLIENT_ID"]]
        credentials = [credential for app in apps for credential in app["credentials"]]
        if (ISSUER, subject) not in [(each["issuer"], each["subject"]) for each in credentials]:
            raise NotTrustedError(subject)
        before = {key: state[key] for key in ("user", "default")}
        with self.cloud.edit() as azure:
            azure["user"] = {"name": login["CLIENT_ID"], "type": "servicePrincipal"}
            azure["default"] = login["SUBSCRIPTION_ID"]
        yield
        with self.cloud.edit() as azure:
            azure.update(before)


def _evaluated(text: str, context: Mapping[str, str]) -> str:
    """What GitHub makes of it: an expression without a value is an empty text."""

    def value(found: re.Match[str]) -> str:
        expression = _INDEX.sub(lambda index: f"vars.{index[1]}{context['matrix.environment'].upper()}", found[1])
        return context.get(expression, "")

    return _EXPRESSION.sub(value, text)


def _substituted(step: Step, environ: Mapping[str, str]) -> str:
    """The command with the values of its variables, as the shell substitutes them within quotes."""
    return re.sub(r'"\$(\w+)"', lambda found: shlex.quote(environ[found[1]]), step.run)

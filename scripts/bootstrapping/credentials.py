"""Federated credentials: which of GitHub's tokens may act as an identity. There is no secret in any of it.

https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scripts.bootstrapping.applications import NOT_YET, Application, find_application
from scripts.bootstrapping.steps import Steps
from scripts.cli.command_line import CommandLine

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"


def ensure_credentials(
    az: CommandLine,
    steps: Steps,
    application: Application,
    subjects: Mapping[str, str],
    *,
    known: Mapping[str, str] | None = None,
) -> None:
    """One credential of each name with its subject; a stale subject is replaced.

    `known` are those that another run may have made, of environments that this one is not about.
    """
    expected = {**(known or {}), **subjects}
    with steps.step(f"Federated credentials of {application.name}"):
        found: list[dict[str, Any]] = (
            []
            if application.is_new
            else az.ask("ad", "app", "federated-credential", "list", "--id", application.client_id)
        )
        for name, subject in subjects.items():
            _ensure(az, steps, application, wanted=_wanted(name, subject), found=found)
        for credential in found:
            if credential["name"] not in expected and credential["subject"] not in expected.values():
                steps.noted(
                    f"{credential['name']} ({credential['subject']}) is nothing that this bootstrap asked for. If it "
                    f"is not yours: az ad app federated-credential delete --id {application.client_id} "
                    f"--federated-credential-id {credential['name']}"
                )


def from_before(az: CommandLine, steps: Steps, *, name: str, unprotected: Mapping[str, str]) -> dict[str, str]:
    """The same reasons, with how to shut the door where an earlier run or a person has opened it."""
    if not unprotected:
        return {}
    with steps.step(f"Federated credentials of {name} from before"):
        app = find_application(az, name)
        found = az.ask("ad", "app", "federated-credential", "list", "--id", app["appId"]) if app else []
    told = dict(unprotected)
    for credential in found:
        for env in unprotected:
            if app and credential["subject"].endswith(f":environment:{env}"):
                told[env] += (
                    f"\n  {credential['name']} is there from before, and lets jobs log in all the same. To shut that:\n"
                    f"  az ad app federated-credential delete --id {app['appId']} "
                    f"--federated-credential-id {credential['name']}"
                )
    return told


def _ensure(
    az: CommandLine, steps: Steps, application: Application, *, wanted: dict[str, Any], found: list[dict[str, Any]]
) -> None:
    words = ("ad", "app", "federated-credential")
    subject = wanted["subject"]
    fitting = [each for each in found if _trusts(each) == _trusts(wanted)]
    named = [each for each in found if each["name"] == wanted["name"]]
    if fitting:  # under whatever name: Entra takes no subject twice
        steps.found(f"{fitting[0]['name']}: {subject}")
    elif named:
        which = ("--federated-credential-id", named[0]["name"])
        content = json.dumps({key: value for key, value in wanted.items() if key != "name"})  # which never changes
        az.change(*words, "update", "--id", application.client_id, *which, "--parameters", content)
        steps.changed(f"{wanted['name']}: {named[0]['subject']} was stale, and is {subject} now")
    else:
        identified = ("--id", application.client_id, "--parameters", json.dumps(wanted))
        az.change(*words, "create", *identified, not_yet=NOT_YET)
        steps.created(f"{wanted['name']}: {subject}")


def _trusts(credential: dict[str, Any]) -> tuple[str, str, list[str]]:
    return credential["issuer"].rstrip("/"), credential["subject"], credential["audiences"]


def _wanted(name: str, subject: str) -> dict[str, Any]:
    return {"name": name, "issuer": ISSUER, "subject": subject, "audiences": [AUDIENCE]}

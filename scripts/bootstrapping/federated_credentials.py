"""Federated credentials: which GitHub tokens may log in as an identity, by the subject claim of the token.

Azure compares subjects character by character. Repositories from before 2026-07-15 are `repo:OWNER/NAME`, later ones
`repo:OWNER@ID/NAME@ID`: https://docs.github.com/actions/reference/security/oidc#immutable-subject-claims. The prefix in
GitHub's answer decides, whatever else is in it: https://github.com/Azure/azure-dev/issues/9382
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from scripts.bootstrapping.app_registrations import NOT_REPLICATED, Application, find_app
from scripts.bootstrapping.progress import Progress
from scripts.cli.command_line import CommandLine
from scripts.cli.error_handling import ScriptError

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"
_COMMAND = ("ad", "app", "federated-credential")
_PREFIX = re.compile(r"repo:[\w.-]+(@\d+)?/[\w.-]+(@\d+)?")
_DEFAULT_CLAIMS = ["repo", "context"]


def find_subject_prefix(gh: CommandLine, progress: Progress, *, repository: str, given: str | None) -> str:
    """What the subject of each token of the repository begins with: `given`, or GitHub's answer.

    Raises:
        ScriptError: GitHub cannot be asked, or the repository has subjects of another form.
    """
    if given is not None:
        return _valid(given)
    if not gh.is_installed:
        raise ScriptError(
            "gh is not on PATH; it is needed to read how GitHub's tokens name this repository.\n"
            "Install it (https://cli.github.com), or give the prefix:\n"
            f"  --subject-prefix repo:{repository}\n"
            "  --subject-prefix repo:OWNER@ID/NAME@ID for a repository created, renamed or moved after 2026-07-15; the "
            f"ids are in https://api.github.com/repos/{repository} (owner.id and id)",
            code=2,
        )
    with progress.step("Subject of GitHub's tokens"):
        claims: dict[str, Any] = gh.query("api", f"repos/{repository}/actions/oidc/customization/sub")
        _refuse_custom(claims, repository=repository)
        prefix = claims.get("sub_claim_prefix")
        if prefix is None:
            details = gh.query("api", f"repos/{repository}")  # the name in the case that tokens use
            prefix = _with_ids(details) if claims.get("use_immutable_subject") else f"repo:{details['full_name']}"
        prefix = _valid(prefix)
        progress.ok(f"{prefix}:...")
    return prefix


def deploying_subjects(prefix: str, env: str) -> dict[str, str]:
    """By name of the credential: jobs of the environment."""
    return {env: f"{prefix}:environment:{env}"}


def reading_subjects(prefix: str) -> dict[str, str]:
    """The nightly drift check and the plans before deployments, which run on main without an environment."""
    return {"main": f"{prefix}:ref:refs/heads/main"}


def planning_subjects(prefix: str) -> dict[str, str]:
    """Pull requests, whose code nobody has reviewed."""
    return {"pull-request": f"{prefix}:pull_request"}


def ensure_credentials(
    az: CommandLine,
    progress: Progress,
    app: Application,
    subjects: Mapping[str, str],
    *,
    known: Mapping[str, str] | None = None,
) -> None:
    """A credential for each subject, by its name; one with another subject is updated.

    `known` are the credentials that other runs may have created; all others are reported, not deleted, whatever their
    names: whoever owns the app registration can add some.
    """
    expected = [_trust(_credential(name, subject)) for name, subject in {**(known or {}), **subjects}.items()]
    with progress.step(f"Federated credentials of {app.name}"):
        existing: list[dict[str, Any]] = [] if app.is_new else az.query(*_COMMAND, "list", "--id", app.client_id)
        for name, subject in subjects.items():
            if updated := _ensure(az, progress, app, wanted=_credential(name, subject), existing=existing):
                existing.remove(updated)
        for credential in existing:
            if _trust(credential) not in expected:  # the same subject of another issuer is somebody else's
                name, subject = credential["name"], credential["subject"]
                of = "" if credential["issuer"].rstrip("/") == ISSUER else f" of {credential['issuer']}"
                delete = _delete_command(app.client_id, name)
                progress.note(f"{name} ({subject}{of}) is not from the bootstrap. To delete it: {delete}")


def with_existing_credentials(
    az: CommandLine, progress: Progress, *, names: Mapping[str, str], unprotected: Mapping[str, str]
) -> dict[str, str]:
    """The messages about unprotected environments; with the command that deletes a credential one already has.

    `names` are the app registrations that deploy, by environment.
    """
    messages = dict(unprotected)
    for env in unprotected:
        with progress.step(f"Existing federated credentials of {names[env]}"):
            for name, delete in credentials_of_environment(az, app_name=names[env], env=env).items():
                already = f"It already has the credential {name}, with which its jobs can log in."
                messages[env] += f"\n  {already} To delete it:\n  {delete}"
    return messages


def credentials_of_environment(az: CommandLine, *, app_name: str, env: str) -> dict[str, str]:
    """The names of the credentials with which jobs of the environment log in, with the commands that delete them."""
    app = find_app(az, app_name)
    existing = az.query(*_COMMAND, "list", "--id", app["appId"]) if app else []
    return {
        each["name"]: _delete_command(app["appId"], each["name"])
        for each in existing
        if app and each["subject"].endswith(f":environment:{env}")
    }


def _ensure(
    az: CommandLine, progress: Progress, app: Application, *, wanted: dict[str, Any], existing: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """The existing one that was updated."""
    name, subject = wanted["name"], wanted["subject"]
    same_trust = [each for each in existing if _trust(each) == _trust(wanted)]
    same_name = [each for each in existing if each["name"] == name]
    if same_trust:  # under any name: Entra refuses a second credential with the same subject
        progress.ok(f"{same_trust[0]['name']}: {subject}")
    elif same_name:
        content = json.dumps({key: value for key, value in wanted.items() if key != "name"})  # the name cannot change
        which = ("--id", app.client_id, "--federated-credential-id", name)
        az.change(*_COMMAND, "update", *which, "--parameters", content)
        progress.changed(f"{name}: {same_name[0]['subject']} -> {subject}")
        return same_name[0]
    else:
        content = json.dumps(wanted)
        az.change(*_COMMAND, "create", "--id", app.client_id, "--parameters", content, retry_on=NOT_REPLICATED)
        progress.created(f"{name}: {subject}")
    return None


def _trust(credential: dict[str, Any]) -> tuple[str, str, list[str]]:
    return credential["issuer"].rstrip("/"), credential["subject"], credential["audiences"]


def _credential(name: str, subject: str) -> dict[str, Any]:
    return {"name": name, "issuer": ISSUER, "subject": subject, "audiences": [AUDIENCE]}


def _delete_command(client_id: str, name: str) -> str:
    return f"az {' '.join(_COMMAND)} delete --id {client_id} --federated-credential-id {name}"


def _with_ids(repository: dict[str, Any]) -> str:
    owner, name = repository["full_name"].split("/")
    return f"repo:{owner}@{repository['owner']['id']}/{name}@{repository['id']}"


def _refuse_custom(claims: dict[str, Any], *, repository: str) -> None:
    keys = claims.get("include_claim_keys")
    if claims.get("use_default") is not False or not keys or keys == _DEFAULT_CLAIMS:
        return
    raise ScriptError(
        f"{repository} or its organization has customized the subject claim ({', '.join(keys)}). The bootstrap "
        "supports GitHub's default only. To restore it, if nothing else needs the customized one:\n"
        f"  gh api --method PUT repos/{repository}/actions/oidc/customization/sub -F use_default=true",
        code=2,
    )


def _valid(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise ScriptError(f"Subject prefix {prefix}: must be repo:OWNER/NAME or repo:OWNER@ID/NAME@ID.", code=2)
    return prefix

"""How the tests run the bootstrap, and what they compare afterwards."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.bootstrap import main
from tests.cloud.az.azure import BUILT_IN, SUBSCRIPTION, TENANT, guid_of
from tests.cloud.fixtures import Cloud, Ran

ENVS = ("dev", "staging", "prod")
PLAN, DEPLOY, READ = "pvc-aigateway-plan", "pvc-dev-aigateway-deploy-san", "pvc-dev-aigateway-read-san"
APPS = (PLAN, *(f"pvc-{env}-aigateway-{kind}-san" for env in ENVS for kind in ("deploy", "read")))
CLIENTS = {name: f"77777777-0000-4000-8000-{number:012d}" for number, name in enumerate(APPS)}
"""The client id of each app registration that `github` finds."""
LOGIN = {"AZURE_TENANT_ID": TENANT, "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION}
REPOSITORY = "contoso/gateway"
AZURE_KEY = "azures-own-key-that-is-in-no-argument"
HAS_KEY = {"TF_VAR_azure_openai_api_key": AZURE_KEY}
PREFIX = "repo:contoso@1234/gateway@4321"
AZURE = ("preflight", "group", "state", "identities")
_GUID = re.compile(r"99999999-0000-4000-8000-\d{12}")


def bootstrap(cloud: Cloud, *words: str, parts: tuple[str, ...] = AZURE, env: dict[str, str] | None = None) -> Ran:
    """Run parts of it, by default Azure's, without asking GitHub."""
    given = ["--subject-prefix", PREFIX] if not {"--subject-prefix", "--repository"} & set(words) else []
    if "--repository" not in words:
        given.append("--environments-protected")
    return cloud.call(main, *parts, "--skip-synth", *given, *words, env=env)


def github(cloud: Cloud, *words: str, env: dict[str, str] | None = None) -> Ran:
    """Run the part `github` after an earlier run created the groups and the identities."""
    with cloud.edit() as azure:
        for name in (f"pvc-{env}-aigateway-rg-san" for env in ENVS):
            id_ = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}"
            azure["groups"][name] = {"id": id_, "name": name, "location": "southafricanorth", "tags": {}}
        azure["apps"] = [_app(name, client) for name, client in CLIENTS.items()]
    arguments = ("github", "--skip-synth", "--repository", REPOSITORY, *words)
    return cloud.call(main, *arguments, env=env)


def deploy(env: str) -> str:
    """The name of the identity that deploys there."""
    return f"pvc-{env}-aigateway-deploy-san"


def read(env: str) -> str:
    """The name of the identity that reads there."""
    return f"pvc-{env}-aigateway-read-san"


def environment_of(cloud: Cloud, env: str) -> dict[str, Any]:
    """The environment in GitHub's state."""
    kept: dict[str, Any] = cloud.state("gh")["environments"][env]
    return kept


def changed_stacks(stacks: Path, out: Path, change: Callable[[str, dict[str, Any]], None]) -> dict[str, str]:
    """The environment variables that select the stacks of dev and staging, each after `change`."""
    for env in ("dev", "staging"):
        content = json.loads((stacks / f"aigateway-{env}" / "cdk.tf.json").read_text(encoding="utf-8"))
        change(env, content)
        folder = out / "stacks" / f"aigateway-{env}"
        folder.mkdir(parents=True)
        (folder / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")
    return {"CDKTF_OUTDIR": str(out)}


def normalized(state: dict[str, Any]) -> str:
    """The state with the generated ids replaced by numbers, in order of appearance, to compare two of them."""
    kept = {name: content for name, content in state.items() if name != "made"}
    kept["role_assignments"] = sorted(
        kept["role_assignments"], key=lambda each: json.dumps({**each, "id": "", "name": ""}, sort_keys=True)
    )
    numbers: dict[str, str] = {}
    return _GUID.sub(lambda found: numbers.setdefault(found[0], f"id-{len(numbers)}"), json.dumps(kept, indent=1))


def shown(ran: Ran) -> list[list[str]]:
    """The changing commands that a dry run shows."""
    lines = [line.strip() for line in ran.err.splitlines()]
    return [shlex.split(line.removeprefix("would run: az ")) for line in lines if line.startswith("would run: az ")]


def roles_of(cloud: Cloud, principal: str) -> set[tuple[str, str]]:
    """Each role with the last part of its scope."""
    state = cloud.state()
    names = {name: role for role, (name, _, _) in BUILT_IN.items()}
    names |= {role["name"]: role["roleName"] for role in state["custom_roles"]}
    return {
        (names[guid_of(given["roleDefinitionId"])], given["scope"].rsplit("/", 1)[1])
        for given in state["role_assignments"]
        if given["principalId"] == principal
    }


def principal_of(cloud: Cloud, name: str) -> str:
    """The object id of the service principal of that name."""
    found: str = next(sp["id"] for sp in cloud.state()["service_principals"] if sp["displayName"] == name)
    return found


def credentials_of(cloud: Cloud, name: str) -> dict[str, str]:
    """The subjects of the application's federated credentials."""
    app = next(app for app in cloud.state()["apps"] if app["displayName"] == name)
    return {credential["name"]: credential["subject"] for credential in app["credentials"]}


def _app(name: str, client_id: str) -> dict[str, Any]:
    return {"id": f"{client_id}-object", "appId": client_id, "displayName": name, "credentials": []}

"""A stand-in for `terraform`: it applies a stack by adding a vault and a container app to the stand-in for `az`.

Like the real one it needs the state's account and the roles of the deploying identity, and fails with Azure's messages.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from tests.cloud import stand_in, store
from tests.cloud.az.azure import BUILT_IN, CALLER, is_above
from tests.cloud.az.containerapp import app, revision
from tests.cloud.az.keyvault import version

VERSION = "1.15.5"
LONGEST_S = 300.0  # a LiteLLM may take half of it to be ready (local/runner/readiness.py)
PLAN_FLAGS = "TF_CLI_ARGS_plan"
SUBJECT = "TOKEN_SUBJECT"
"""Names the variable with the subject that GitHub would put into the job's token."""


def main() -> None:
    """One call."""
    words = [word for word in sys.argv[1:] if not word.startswith("-chdir=")]
    for word in sys.argv[1:]:
        if word.startswith("-chdir="):
            os.chdir(word.removeprefix("-chdir="))
    commands = {"init": init, "plan": plan, "show": show, "apply": apply, "output": output}
    if words[0] in {"version", "-v"}:
        say(json.dumps({"terraform_version": VERSION}) if "-json" in words else f"Terraform v{VERSION}")
    elif words[0] in commands:
        commands[words[0]]()
    else:
        fail(f"terraform has no stand-in for {words}")


def init() -> None:
    """Requires a readable container; without a state it creates one, which needs the right to write."""
    backend = stack()["terraform"]["backend"]["azurerm"]
    account = cloud()["storage"].get(backend["storage_account_name"])
    if account is None or backend["container_name"] not in account["containers"]:
        fail("Failed to get existing workspaces: containers.Client#ListBlobs: ContainerNotFound")
    writes, refused = "Storage Blob Data Contributor", "unexpected status 403 with AuthorizationPermissionMismatch"
    require("Storage Blob Data Reader", account["id"], also=writes, why=f"Failed to get existing workspaces: {refused}")
    if not state().exists():
        require(writes, account["id"], why=f"Error loading state: failed to lock azure state: {refused}")
    Path(".terraform").mkdir(exist_ok=True)


def plan() -> None:
    """Requires the resource group, a value for each variable, and for a refresh the right to read secrets."""
    group = stack()["data"]["azurerm_resource_group"]["gateway"]["name"]
    if group not in cloud()["groups"]:
        fail(f'"Resource Group (Subscription: \\"{scope()}\\"\\nResource Group Name: \\"{group}\\")" was not found')
    unset = [name for name, of in stack()["variable"].items() if "default" not in of and not value(name)]
    if unset:
        fail(f"No value for required variable: {', '.join(unset)}")
    if state().exists() and "-refresh=false" not in os.environ.get(PLAN_FLAGS, ""):
        require("Key Vault Secrets User", group_scope(), also="Key Vault Secrets Officer", why="ForbiddenByRbac")
    Path("plan").write_text("{}", encoding="utf-8")


def show() -> None:
    """The plan, as far as the scripts read it: a secret that exists names its vault."""
    action = ["no-op"] if state().exists() else ["create"]
    vault = stack()["resource"]["azurerm_key_vault"]["gateway"]["name"]
    changes = []
    for kind, resources in stack()["resource"].items():
        for name, content in resources.items():
            attributes: dict[str, Any] = {}
            if kind == "azurerm_key_vault_secret":
                attributes = {"name": content["name"], "key_vault_id": f"{scope()}/vaults/{vault}"}
            before = attributes if state().exists() else None
            change = {"actions": action, "before": before, "after": attributes, "after_unknown": {}}
            changes.append(
                {"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name, "change": change}
            )
    outputs = {name: {"actions": action} for name in stack()["output"]}
    say(json.dumps({"format_version": "1.2", "resource_changes": changes, "output_changes": outputs}))


def apply() -> None:
    """Write the vault, create the app, and wait until it runs."""
    content, azure = stack(), cloud()
    vault, gateway = (content["resource"][kind]["gateway"] for kind in ("azurerm_key_vault", "azurerm_container_app"))
    require("Key Vault Secrets Officer", group_scope(), why="ForbiddenByRbac")
    require("Contributor", group_scope(), why="AuthorizationFailed", also="Owner")
    values = {name: [version(value(name.replace("-", "_")) or "derived", made=time.time())] for name in secrets()}
    for secret in values.values():
        stand_in.keep_secret(secret[0]["value"])
    azure["vaults"][vault["name"]] = values
    given = {name: value(name) for name in content["variable"] if value(name)}
    store.write("deployed.json", {"stack": str(Path("cdk.tf.json").resolve()), "variables": given})
    url = running()
    azure["container_apps"][gateway["name"]] = app(
        gateway["name"],
        content["data"]["azurerm_resource_group"]["gateway"]["name"],
        fqdn=url.removeprefix("http://"),
        revisions=[revision(f"{gateway['name']}--0000001", "2026-11-21", active=True)],
    )
    store.write("az.json", azure)
    known = {
        "openai_base_url": f"{url}/v1",
        "image": "the image",
        "container_app_name": gateway["name"],
        "resource_group_name": content["data"]["azurerm_resource_group"]["gateway"]["name"],
    }
    store.write(state().name, {name: known.get(name, name) for name in content["output"]})


def output() -> None:
    """The outputs of the last apply."""
    values = json.loads(state().read_text(encoding="utf-8"))
    say(json.dumps({name: {"value": text, "type": "string", "sensitive": False} for name, text in values.items()}))


def running() -> str:
    """The URL of the deployed gateway, once the test has started it."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        if app := store.read("running.json"):
            return str(app["url"])
        time.sleep(0.1)
    return fail("Failed to provision revision for container app")


def require(role: str, where: str, *, why: str, also: str = "") -> None:
    """Fail unless the deploying identity has one of the roles there."""
    wanted = {BUILT_IN[name][0] for name in (role, also) if name}
    assigned = {
        given["roleDefinitionId"].rsplit("/", 1)[1]
        for given in cloud()["role_assignments"]
        if given["principalId"] == principal() and is_above(given["scope"], where)
    }
    if not wanted & assigned:
        fail(f"{why}: {role} is missing at {where}")


def principal() -> str:
    """The object id of the deploying identity: the job's if its token is trusted, else the user."""
    client = os.environ.get("ARM_CLIENT_ID")
    if not client:
        return CALLER
    azure, subject = cloud(), os.environ[SUBJECT]
    trusted = {each["subject"] for one in azure["apps"] if one["appId"] == client for each in one["credentials"]}
    if subject not in trusted:
        fail(f"AADSTS700213: No matching federated identity record found for presented assertion subject '{subject}'")
    return str(next(one["id"] for one in azure["service_principals"] if one["appId"] == client))


def scope() -> str:
    """The subscription, which Terraform requires."""
    if not (subscription := os.environ.get("ARM_SUBSCRIPTION_ID")):
        fail("subscription ID could not be determined and was not specified")
    return f"/subscriptions/{subscription}"


def group_scope() -> str:
    """The resource group, where everything is."""
    return f"{scope()}/resourceGroups/{stack()['data']['azurerm_resource_group']['gateway']['name']}"


def secrets() -> list[str]:
    """The names of the vault's secrets."""
    return [secret["name"] for secret in stack()["resource"]["azurerm_key_vault_secret"].values()]


def value(variable: str) -> str:
    return os.environ.get(f"TF_VAR_{variable}", "").strip()


def stack() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path("cdk.tf.json").read_text(encoding="utf-8"))
    return content


def state() -> Path:
    return Path(store.path(stack()["terraform"]["backend"]["azurerm"]["key"]))


def cloud() -> dict[str, Any]:
    content: dict[str, Any] = store.read("az.json")
    return content


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def fail(why: str) -> NoReturn:
    """Exit like Terraform."""
    sys.stderr.write(f"Error: {why}\n")
    sys.stdout.flush()
    stand_in.end(1)

"""The Azure CLI as the scripts call it, answered by the imitation with the rights of whom Terraform is signed in as.

What the imitation has no API for (Microsoft Graph, lists of locks and of deleted resources) is read from its content.
"""

import json
import os
import shlex
import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import httpx

from local.azure_api.login import KEY_VAULT
from local.azure_api.server import AzureAPI
from local.tokens import TENANT_ID
from scripts.cli.command_line import Answer, CommandError, CommandLine
from tests.azure_api.caller import Caller

Options = Mapping[str, str]
Command = Callable[[Options], Answer]


@dataclass(kw_only=True)
class Az(CommandLine):
    """`apps` are client ids by the names of app registrations."""

    api: AzureAPI
    apps: Mapping[str, str]

    def query(self, *words: str) -> Answer:
        return self._answer(words)

    def change(
        self,
        *words: str,
        stdin: str | None = None,
        body: Mapping[str, object] | None = None,  # noqa: ARG002 - of `gh` alone
        retry_on: Collection[str] = (),  # noqa: ARG002 - everything is in effect at once
    ) -> Answer:
        self.changes.append(shlex.join(words))
        return None if self.dry_run else self._answer(words, stdin or "")

    def _answer(self, words: tuple[str, ...], stdin: str = "") -> Answer:
        name = " ".join(takewhile(lambda word: not word.startswith("--"), words))
        return self._commands[name]({**_options(words), "stdin": stdin})

    @property
    def _commands(self) -> Mapping[str, Command]:
        manager, group = self.api.manager, self._group
        deleted_accounts = "Microsoft.CognitiveServices/locations/{location}/resourceGroups/{resource-group}"
        deleted_accounts += "/deletedAccounts/{name}"
        deleted_vaults = "Microsoft.KeyVault/locations/{location}/deletedVaults/{name}"
        return {
            "account list": lambda _: [self._account()],
            "account show": lambda _: self._account(),
            "ad app delete": lambda given: self.api.login.applications.pop(given["id"]),
            "ad app list": lambda given: [{"appId": id_} for id_ in self._registered(self.apps.get(_quoted(given)))],
            "ad sp list": lambda given: [{"id": self._principal(id_)} for id_ in self._registered(_quoted(given))],
            "ad sp show": lambda given: {"id": self._principal(given["id"]), "displayName": given["id"]},
            "cognitiveservices account list-deleted": lambda _: list(manager.deleted_accounts.values()),
            "cognitiveservices account purge": lambda given: self._manage("DELETE", self._of(given, deleted_accounts)),
            "containerapp show": lambda given: self._manage("GET", self._named(given, "Microsoft.App/containerApps")),
            "group delete": lambda given: self._manage("DELETE", group(given["name"])),
            "group show": lambda given: self._manage("GET", group(given["name"])),
            "keyvault list-deleted": lambda _: [_as_deleted(vault) for vault in manager.deleted_vaults.values()],
            "keyvault purge": lambda given: self._manage("POST", f"{self._of(given, deleted_vaults)}/purge"),
            "keyvault secret list-versions": lambda given: self._vault("GET", f"{_secret(given)}/versions")["value"],
            "keyvault secret show": lambda given: self._vault("GET", given.get("id") or _secret(given)),
            "lock list": lambda given: manager.children(
                group(given["resource-group"]), "microsoft.authorization/locks"
            ),
            "monitor log-analytics workspace list-deleted-workspaces": lambda _: list(
                manager.deleted_workspaces.values()
            ),
            "resource list": lambda given: self._manage("GET", f"{group(given['resource-group'])}/resources")["value"],
            "rest": lambda given: self._vault("PUT", given["url"].partition("?")[0], json.loads(given["stdin"])),
            "role assignment delete": lambda given: self._manage("DELETE", given["ids"]),
            "role assignment list": lambda given: self._assignments(given["assignee-object-id"]),
            "role definition delete": lambda given: self._delete_role(given["name"]),
            "role definition list": lambda given: [
                {"name": role.id} for role in self.api.roles.definitions.values() if role.name == given["name"]
            ],
            "storage account show": lambda given: self._manage(
                "GET", self._named(given, "Microsoft.Storage/storageAccounts")
            ),
        }

    def _account(self) -> dict[str, Any]:
        return {
            "id": os.environ["ARM_SUBSCRIPTION_ID"],
            "name": "The imitation's",
            "tenantId": TENANT_ID,
            "environmentName": "AzureCloud",
            "state": "Enabled",
            "user": {"type": "servicePrincipal", "name": os.environ["ARM_CLIENT_ID"]},
        }

    def _registered(self, client_id: str | None) -> list[str]:
        return [client_id] if client_id in self.api.login.applications else []

    def _principal(self, client_id: str) -> str:
        return self.api.login.applications[client_id]

    @property
    def _subscription(self) -> str:
        return f"/subscriptions/{os.environ['ARM_SUBSCRIPTION_ID']}"

    def _group(self, name: str) -> str:
        return f"{self._subscription}/resourceGroups/{name}"

    def _named(self, given: Options, kind: str) -> str:
        return f"{self._group(given['resource-group'])}/providers/{kind}/{given['name']}"

    def _of(self, given: Options, path: str) -> str:
        return f"{self._subscription}/providers/{path.format_map(given)}"

    def _assignments(self, principal: str) -> list[dict[str, str]]:
        """Of the subscription and all that is in it."""
        roles = self.api.roles
        return [
            {"id": held.id.text, "scope": held.scope, "roleDefinitionName": roles.definitions[held.role].name}
            for held in roles.assignments.values()
            if held.principal == principal and held.id.is_in(self._subscription)
        ]

    def _delete_role(self, name: str) -> None:
        role = self.api.roles.named(name)
        assert role.id not in {held.role for held in self.api.roles.assignments.values()}, "Azure refuses it then"
        del self.api.roles.definitions[role.id]

    def _manage(self, method: str, id_: str) -> Answer:
        with self._http() as http:
            return _content(self._caller(http).manage(method, id_))

    def _vault(self, method: str, url: str, body: object = None) -> Answer:
        with self._http() as http:
            answer = self._caller(http).ask(method, f"{url}?api-version=7.4", body, audience=KEY_VAULT)
        return {"contentType": None, "tags": None, **_content(answer)}

    def _http(self) -> httpx.Client:
        authorities = ssl.create_default_context(cafile=self.api.variables["SSL_CERT_FILE"])
        return httpx.Client(proxy=self.api.variables["HTTPS_PROXY"], verify=authorities)

    def _caller(self, http: httpx.Client) -> Caller:
        return Caller(http, os.environ["ARM_CLIENT_ID"])


def _options(words: tuple[str, ...]) -> dict[str, str]:
    """A flag without a value is an empty text."""
    pairs = zip(words, (*words[1:], "--"), strict=True)
    flags = [(word.removeprefix("--"), after) for word, after in pairs if word.startswith("--")]
    return {flag: "" if after.startswith("--") else after for flag, after in flags}


def _quoted(given: Options) -> str:
    """What a filter of Microsoft Graph asks for: `appId eq 'x'`."""
    return given["filter"].split("'")[1]


def _secret(given: Options) -> str:
    return f"https://{given['vault-name']}.vault.azure.net/secrets/{given['name']}"


def _as_deleted(vault: Mapping[str, Any]) -> dict[str, Any]:
    protected = vault["properties"].get("enablePurgeProtection")
    properties = {"location": vault["location"], "purgeProtectionEnabled": protected}
    return {"name": vault["name"], "properties": {**properties, "scheduledPurgeDate": "2027-03-01T00:00:00+00:00"}}


def _content(answer: httpx.Response) -> Answer:
    """A refusal is one of az."""
    if answer.is_success:
        return answer.json() if answer.content else None
    error = answer.json()["error"]
    raise CommandError(str(answer.request.url), f"({error['code']}) {error['message']}", reason=error["code"])

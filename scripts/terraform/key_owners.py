"""Keys whose project a plan would change: read from the gateway's configuration before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from settings.secret_names import SecretName

_APP = "azurerm_container_app"
_VARIABLE = "GATEWAY_CONFIG"


def moved_keys(plan: Mapping[str, Any]) -> dict[str, str]:
    """Vault secrets of clients' keys that get another project, and what that means."""
    return {
        SecretName(name=name.lower()).vault_secret: (
            f"The key of the project {old} becomes that of {new}: its clients are {new} then."
        )
        for name, old, new, is_renamed in _changes(plan)
        if not is_renamed
    }


def renamed_projects(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """What a new name of a project means: nothing tells it from another project, which must not get that key."""
    texts = [
        f"The project {old} is called {new} then: its clients and their key stay. If {new} is another project with "
        "other clients, rotate its key."
        for _, old, new, is_renamed in _changes(plan)
        if is_renamed
    ]
    return tuple(dict.fromkeys(texts))


def _changes(plan: Mapping[str, Any]) -> Iterator[tuple[str, str, str, bool]]:
    """Variables of keys with their old and new project, and whether that is only renamed: there never were both."""
    for entry in plan.get("resource_changes", []):
        if entry["type"] == _APP:
            before, after = (_owners(entry["change"].get(side)) for side in ("before", "after"))
            for name in sorted(before.keys() & after.keys()):
                old, new = before[name], after[name]
                if old != new:
                    yield name, old, new, old not in after.values() and new not in before.values()


def _owners(app: object) -> dict[str, str]:
    """The project of each variable that has a client's key; empty if there is no configuration yet."""
    texts = [variable["value"] for variable in _variables(app) if variable.get("name") == _VARIABLE]
    projects = json.loads(texts[0])["projects"] if texts and texts[0] else []
    return {name: project["name"] for project in projects for name in project["key_envs"]}


def _variables(app: object) -> Iterator[Mapping[str, Any]]:
    """The environment of every container of an app as `terraform show -json` has it."""
    if isinstance(app, Mapping):
        for template in app.get("template") or []:
            for container in template.get("container") or []:
                yield from container.get("env") or []

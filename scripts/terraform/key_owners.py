"""Keys that a plan would hand from one project to another: read from the gateway's configuration before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from settings.secret_names import SecretName

_APP = "azurerm_container_app"
_VARIABLE = "GATEWAY_CONFIG"


def moved_keys(plan: Mapping[str, Any]) -> dict[str, str]:
    """Vault secrets of clients' keys that get another project, and what that means.

    A project that is renamed keeps its clients and their key: it is neither in the old nor in the new configuration
    with another one.
    """
    found: dict[str, str] = {}
    for entry in plan.get("resource_changes", []):
        if entry["type"] == _APP:
            before, after = (_owners(entry["change"].get(side)) for side in ("before", "after"))
            for name in before.keys() & after.keys():
                old, new = before[name], after[name]
                if old != new and (old in after.values() or new in before.values()):
                    secret = SecretName(name=name.lower()).vault_secret
                    found[secret] = f"The key of the project {old} becomes that of {new}: its clients are {new} then."
    return dict(sorted(found.items()))


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

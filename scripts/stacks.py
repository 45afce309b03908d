"""What the synthesized stacks say: where their state lies, which roles they assign, which secrets they want.

Whoever prepares Azure or GitHub for them reads it here, so that no name is written twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.install import program
from scripts.work import ROOT, Failed, together

OUT = ROOT / "cdktf.out"


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The blob of a stack's state."""

    resource_group_name: str
    storage_account_name: str
    container_name: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A Terraform variable, every one of them a secret; one that is not `required` has a value without us."""

    name: str
    description: str
    required: bool

    @property
    def environ(self) -> str:
        """What Terraform reads it from."""
        return f"TF_VAR_{self.name}"

    @property
    def github_secret(self) -> str:
        """What it is called among the secrets of a GitHub environment."""
        return f"AI{self.name.upper()}" if self.is_ours else self.name.upper()

    @property
    def is_ours(self) -> bool:
        """Whether it is a key of this gateway, which we may make up; the others are Azure's."""
        return self.name.startswith("gateway_key")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One environment's stack, as far as a script needs to know it."""

    env: str
    folder: Path
    location: str
    resource_group: str
    container_app: str
    key_vault: str
    image: str
    backend: Backend
    variables: tuple[Variable, ...]
    roles: frozenset[str]
    """Names of the roles that it assigns."""
    resource_providers: tuple[str, ...]

    @property
    def name(self) -> str:
        """What cdktf calls it."""
        return self.folder.name


def synthesize() -> None:
    """Write every stack anew; `Failed` with the mistakes in the settings."""
    together({"Terraform JSON of all stacks": lambda work: work.run([program("python"), ROOT / "main.py"])})


def load_all(out: Path = OUT) -> tuple[Stack, ...]:
    """Every synthesized stack, by name."""
    return tuple(_load(path.parent) for path in sorted(out.glob("stacks/*/cdk.tf.json")))


def load(env: str, out: Path = OUT) -> Stack:
    """One environment's; `Failed` with those that there are."""
    stacks = {stack.env: stack for stack in load_all(out)}
    if env not in stacks:
        raise Failed(f"There is no environment {env!r}; there are {', '.join(stacks)}.", code=2)
    return stacks[env]


def _load(folder: Path) -> Stack:
    content: dict[str, Any] = json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8"))
    resources, app = content["resource"], content["resource"]["azurerm_container_app"]["gateway"]
    group = resources["azurerm_resource_group"]["gateway"]
    return Stack(
        env=group["tags"]["env"],
        folder=folder,
        location=group["location"],
        resource_group=group["name"],
        container_app=app["name"],
        key_vault=resources["azurerm_key_vault"]["gateway"]["name"],
        image=app["template"]["container"][0]["image"],
        backend=Backend(**{name: content["terraform"]["backend"]["azurerm"][name] for name in Backend.__annotations__}),
        variables=tuple(
            Variable(name=name, description=variable["description"], required="default" not in variable)
            for name, variable in sorted(content["variable"].items())
        ),
        roles=frozenset(role["role_definition_name"] for role in resources["azurerm_role_assignment"].values()),
        resource_providers=tuple(content["provider"]["azurerm"][0]["resource_providers_to_register"]),
    )

"""What the synthesized stacks say: where their state lies, which roles they assign, which secrets they want.

Whoever prepares Azure or GitHub for them reads it here, so that no name is written twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.cli.error_handling import ScriptError
from scripts.cli.processes import run_in_parallel
from scripts.setup.install import program
from scripts.setup.paths import ROOT
from settings.secret_names import SecretName

OUT = Path(os.environ.get("CDKTF_OUTDIR") or ROOT / "cdktf.out")
"""Where `main.py` writes, told by cdktf's own variable."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The blob of a stack's state."""

    resource_group_name: str
    storage_account_name: str
    container_name: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Variable(SecretName):
    """A Terraform variable, every one of them a secret; one that is not `required` has a value without us."""

    description: str
    required: bool


@dataclass(frozen=True)
class Stack:
    """One environment's stack, as far as a script needs to know it; each part is read when it is asked for."""

    folder: Path
    content: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """What cdktf calls it."""
        return self.folder.name

    @property
    def env(self) -> str:
        """Which environment it is."""
        return self.name.removeprefix("aigateway-")

    @property
    def project(self) -> str:
        """What the project is called in the names of everything."""
        return str(self._resource("resource_group")["tags"]["project"])

    @property
    def location(self) -> str:
        """Azure's region."""
        return str(self._resource("resource_group")["location"])

    @property
    def resource_group(self) -> str:
        """Its name."""
        return str(self._resource("resource_group")["name"])

    @property
    def container_app(self) -> str:
        """Its name."""
        return str(self._resource("container_app")["name"])

    @property
    def key_vault(self) -> str:
        """Its name."""
        return str(self._resource("key_vault")["name"])

    @property
    def backend(self) -> Backend:
        """Where its state lies."""
        found = self.content["terraform"]["backend"]["azurerm"]
        return Backend(**{name: found[name] for name in Backend.__annotations__})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Its secrets, by name."""
        return tuple(
            Variable(name=name, description=variable["description"], required="default" not in variable)
            for name, variable in sorted(self.content["variable"].items())
        )

    @property
    def roles(self) -> frozenset[str]:
        """Names of the roles that it assigns."""
        assignments = self.content["resource"]["azurerm_role_assignment"].values()
        return frozenset(assignment["role_definition_name"] for assignment in assignments)

    @property
    def resource_providers(self) -> tuple[str, ...]:
        """The Azure services that it registers."""
        return tuple(self.content["provider"]["azurerm"][0]["resource_providers_to_register"])

    def _resource(self, kind: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.content["resource"][f"azurerm_{kind}"]["gateway"]
        return found


def synthesize() -> None:
    """Write every stack anew; `ScriptError` with the mistakes in the settings."""
    run_in_parallel({"Terraform JSON of all stacks": lambda work: work.run([program("python"), ROOT / "main.py"])})


def load_all(out: Path | None = None) -> tuple[Stack, ...]:
    """Every synthesized stack, by name."""
    files = sorted((out or OUT).glob("stacks/*/cdk.tf.json"))
    return tuple(Stack(file.parent, json.loads(file.read_text(encoding="utf-8"))) for file in files)


def load(env: str, out: Path | None = None) -> Stack:
    """One environment's; `ScriptError` with those that there are."""
    stacks = {stack.env: stack for stack in load_all(out)}
    if env not in stacks:
        raise ScriptError(f"There is no environment {env!r}; there are {', '.join(stacks)}.", code=2)
    return stacks[env]


def chosen(envs: Sequence[str] | None) -> tuple[Stack, ...]:
    """Those of the named environments, or all: dev first, prod last."""
    found = [load(env) for env in dict.fromkeys(envs)] if envs else load_all()
    return tuple(sorted(found, key=lambda stack: (stack.env == "prod", stack.env != "dev", stack.env)))

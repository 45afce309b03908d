"""The synthesized stacks: their backends, names, roles and secret variables, so that no script repeats a name."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.runner.stack import unescape
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.processes import run_in_parallel
from scripts.cli.settings import log_endpoints, settings_of
from scripts.setup.install import program
from scripts.setup.paths import ROOT
from scripts.terraform import program as terraform
from scripts.terraform import provider_lock
from settings.dates import WARNING
from settings.resource_ids import name_of
from settings.secret_names import SecretName

_SYNTHESIZE = "Run `python3 scripts/cdktf.py synth`."


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The blob with a stack's Terraform state."""

    resource_group_name: str
    storage_account_name: str
    container_name: str
    key: str

    @property
    def github_variables(self) -> Mapping[str, str]:
        """What names it in an environment of GitHub."""
        return {
            "TFSTATE_RESOURCE_GROUP": self.resource_group_name,
            "TFSTATE_STORAGE_ACCOUNT": self.storage_account_name,
            "TFSTATE_CONTAINER": self.container_name,
        }


@dataclass(frozen=True, kw_only=True)
class Variable(SecretName):
    """A Terraform variable, each of them a secret; one that is not `required` has a default."""

    description: str
    required: bool


@dataclass(frozen=True)
class Stack:
    """The stack of one environment."""

    folder: Path
    content: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """Its name for cdktf."""
        return self.folder.name

    @property
    def env(self) -> str:
        """Its environment."""
        return self.name.removeprefix("aigateway-")

    @property
    def project(self) -> str:
        """The project's part of all resource names."""
        return self.tags["project"]

    @property
    def tags(self) -> dict[str, str]:
        """The tags of its resources, as Azure gets them: in the stack they are escaped for Terraform."""
        tags = self._resource("container_app_environment", "tags")
        return {unescape(name): unescape(value) for name, value in tags.items()}

    @property
    def location(self) -> str:
        """The Azure region."""
        return str(self._resource("container_app_environment", "location"))

    @property
    def subscription_id(self) -> str | None:
        """The subscription of its settings; without one it is that of the login."""
        return self._provider.get("subscription_id")

    @property
    def tenant_id(self) -> str | None:
        """The tenant of its settings; without one it is that of the login."""
        return self._provider.get("tenant_id")

    @property
    def resource_group(self) -> str:
        """The name of its resource group."""
        return str(self.find("data", "azurerm_resource_group", "gateway", "name"))

    @property
    def container_app(self) -> str:
        """The name of its container app."""
        return str(self._resource("container_app", "name"))

    @property
    def key_vault(self) -> str:
        """The name of its Key Vault, whoever made it."""
        existing = self.existing_key_vault
        return name_of(existing) if existing else str(self._resource("key_vault", "name"))

    @property
    def existing_key_vault(self) -> str | None:
        """The id of a Key Vault that somebody else has made; None if the stack makes its own."""
        secrets = self.find("resource").get("azurerm_key_vault_secret", {})
        vaults = {str(secret["key_vault_id"]) for secret in secrets.values()}
        return next((vault for vault in vaults if not vault.startswith("${")), None)

    @property
    def backend(self) -> Backend:
        """Where its state is stored."""
        names = Backend.__annotations__
        return Backend(**{name: self.find("terraform", "backend", "azurerm", name) for name in names})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Its variables, sorted by name."""
        return tuple(
            Variable(name=name, description=variable["description"], required="default" not in variable)
            for name, variable in sorted(self.find("variable").items())
        )

    @property
    def roles(self) -> frozenset[str]:
        """The roles that it assigns, each by its name or its id."""
        assignments = self.find("resource").get("azurerm_role_assignment", {}).values()  # none: owners assign them
        return frozenset(map(role_of, assignments))

    @property
    def addresses(self) -> frozenset[str]:
        """TYPE.NAME of each of its resources."""
        return frozenset(f"{kind}.{name}" for kind, named in self.find("resource").items() for name in named)

    @property
    def resource_providers(self) -> tuple[str, ...]:
        """The Azure resource providers that it needs (constructs/terraform.py)."""
        return tuple(self.find("//", "resource_providers"))

    @property
    def has_existing_resource_group(self) -> bool:
        """Whether somebody else has made its resource group."""
        return bool(self.find("//", "existing_resource_group"))

    @property
    def deploy_identity(self) -> str:
        """The app registration with which its workflow deploys."""
        return str(self.find("//", "deploy_identity"))

    @property
    def read_identity(self) -> str:
        """The one with which it is compared with Azure; a custom role has the same name."""
        return str(self.find("//", "read_identity"))

    @property
    def plan_identity(self) -> str:
        """The one that plans pull requests, of all environments of the project."""
        return str(self.find("//", "plan_identity"))

    @property
    def replication(self) -> str:
        """How often and where Azure stores its state."""
        return str(self.find("//", "replication"))

    @property
    def delete_lock(self) -> bool:
        """Whether its resource group is to be locked against deletions."""
        return bool(self.find("//", "delete_lock"))

    @property
    def _provider(self) -> Mapping[str, Any]:
        """Its first block."""
        found: Mapping[str, Any] = next(iter(self.find("provider", "azurerm")), {})
        return found

    def find(self, *path: str | int) -> Any:  # noqa: ANN401 - JSON
        """What stands there; `ScriptError` if nothing does, as in a stack that is not this repository's."""
        found: Any = self.content
        try:
            for part in path:
                found = found[part]
        except (LookupError, TypeError):
            raise _foreign(self.folder / "cdk.tf.json") from None
        return found

    def _resource(self, kind: str, *path: str) -> Any:  # noqa: ANN401 - JSON
        return self.find("resource", f"azurerm_{kind}", "gateway", *path)


def role_of(assignment: Mapping[str, Any]) -> str:
    """The role of a role assignment, by its name or its id."""
    return str(assignment.get("role_definition_name") or assignment["role_definition_id"].rsplit("/", 1)[1])


def output_folder() -> Path:
    """Where `main.py` writes, according to cdktf's own variable."""
    return ROOT / (os.environ.get("CDKTF_OUTDIR") or "cdktf.out")


def synthesize() -> None:
    """Write all stacks, and log the warnings; `ScriptError` with the mistakes in the settings."""
    main = [program("python"), ROOT / "main.py"]
    printed: list[str] = []
    run_in_parallel({"Terraform JSON of all stacks": lambda processes: printed.append(processes.run(main))})
    for line in "".join(printed).splitlines():
        if line.startswith(WARNING):
            log(line)


def prepare(envs: Sequence[str] | None) -> tuple[Stack, ...]:
    """Synthesize, and return the stacks of these environments, or all; then Terraform is installed, too."""
    for env in envs or ():
        settings_of(env)  # a mistake need not wait for the synthesis
    terraform.require()
    log_endpoints(envs)
    synthesize()
    selected = select(envs)
    for stack in selected:
        provider_lock.place(stack.folder)
    return selected


def load_all(out: Path | None = None) -> tuple[Stack, ...]:
    """Every synthesized stack, sorted by name; `ScriptError` if there is none."""
    folder = out or output_folder()
    files = sorted(folder.glob("stacks/*/cdk.tf.json"))
    if not files:
        raise ScriptError(f"{folder} has no stack: nothing is synthesized there. {_SYNTHESIZE}", code=2)
    return tuple(_read(file) for file in files)


def _read(file: Path) -> Stack:
    try:
        return Stack(file.parent, json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, RecursionError):
        raise _foreign(file) from None


def _foreign(file: Path) -> ScriptError:
    return ScriptError(f"{file} is not a stack of this repository. {_SYNTHESIZE}", code=2)


def load(env: str, out: Path | None = None) -> Stack:
    """The stack of one environment; `ScriptError` with the names of all if there is none."""
    stacks = {stack.env: stack for stack in load_all(out)}
    if env not in stacks:
        raise ScriptError(f"There is no environment {env!r}; there are {', '.join(stacks)}.", code=2)
    return stacks[env]


def select(envs: Sequence[str] | None) -> tuple[Stack, ...]:
    """The stacks of these environments, or all: dev first, prod last."""
    found = [load(env) for env in dict.fromkeys(envs)] if envs else load_all()
    return tuple(sorted(found, key=lambda stack: (stack.env == "prod", stack.env != "dev", stack.env)))

"""One environment in the imitation of Azure: its group, state and identities, and its stack as a deployment runs it."""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest

from local.azure_api.blobs import Blob
from local.azure_api.calls import Call
from local.azure_api.server import AzureAPI
from local.tokens import TENANT_ID
from scripts.bootstrapping import access
from scripts.bootstrapping.account import Account, Principal
from scripts.bootstrapping.custom_roles import DEPLOYING, JOINING, READING
from scripts.bootstrapping.targets import Target
from scripts.cli.error_handling import ScriptError
from scripts.terraform import program as terraform
from scripts.terraform.deployment import deploy
from scripts.terraform.errors import explain
from scripts.terraform.plan import Plan
from scripts.terraform.stacks import Stack, load
from tests.azure_api.az import Az

ORIGINAL = "original"
KEY = "a-key-of-a-client-with-enough-characters"


def client_id(identity: str, env: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{identity} {env}"))


@dataclass(kw_only=True)
class Environment:
    """`variants` are the synthesized stacks by name; `out` is where the one lies that is deployed."""

    api: AzureAPI
    variants: Mapping[str, Path]
    out: Path
    env: str
    patch: pytest.MonkeyPatch
    tool_environ: Mapping[str, str]
    seen: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        shutil.copytree(self.variants[ORIGINAL], self.out)
        for name, value in {**self.tool_environ, **self.api.variables, "CDKTF_OUTDIR": str(self.out)}.items():
            self.patch.setenv(name, value)
        self.patch.setenv("ARM_SUBSCRIPTION_ID", self.subscription)
        for variable in self.stack.variables:
            self.patch.setenv(variable.environ, f"{KEY}-{variable.name}")
        self._bootstrap()
        self.sign_in("deploy")

    @property
    def stack(self) -> Stack:
        return load(self.env, self.out)

    @property
    def subscription(self) -> str:
        return self.stack.subscription_id or str(uuid5(NAMESPACE_URL, f"subscription of {self.env}"))

    @property
    def group(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.stack.resource_group}"

    @property
    def az(self) -> Az:
        return Az("az", api=self.api, apps=self.apps)

    @property
    def apps(self) -> Mapping[str, str]:
        """Client ids of the workflows' identities, by the names of their app registrations."""
        names = {"deploy": self.stack.deploy_identity, "read": self.stack.read_identity}
        names["plan"] = self.stack.plan_identity
        return {name: client_id(identity, self.env) for identity, name in names.items()}

    def sign_in(self, identity: str, *, of: str = "") -> None:
        """Let Terraform be this identity, `deploy`, `read` or `plan`, perhaps of another environment, or a `person`."""
        for name, value in self.api.identity(client_id(identity, of or self.env)).items():
            self.patch.setenv(name, value)

    @property
    def state(self) -> Blob:
        """The Terraform state, as it lies in its storage account."""
        backend = self.stack.backend
        return self.api.blobs.blobs[backend.storage_account_name, backend.container_name, backend.key]

    def use(self, variant: str) -> Stack:
        """Let the settings have become these."""
        file = f"stacks/aigateway-{self.env}/cdk.tf.json"
        shutil.copy(self.variants[variant] / file, self.out / file)
        for variable in self.stack.variables:
            self.patch.setenv(variable.environ, f"{KEY}-{variable.name}")
        return self.stack

    def deploy(self, variant: str = ORIGINAL) -> list[Call]:
        """Deploy as scripts/deploy.py does, by the cdktf CLI; the calls that changed something."""
        stack = self.use(variant)
        self.seen = len(self.api.calls)
        deploy(stack, az=self.az, yes=True, test=False)
        return self.changes()

    def apply(self, variant: str = ORIGINAL) -> list[Call]:
        """The same by Terraform alone, in a third of the time."""
        self.use(variant)
        self.seen = len(self.api.calls)
        self.terraform("apply", "-auto-approve")
        return self.changes()

    def plan(self, *flags: str) -> Plan:
        """The plan by Terraform alone, without a lock as scripts/plan.py makes it."""
        self.terraform("plan", "-lock=false", "-out=plan", *flags)
        return Plan.from_json(self.env, json.loads(self.terraform("show", "-json", "plan")))

    def destroy(self) -> None:
        self.terraform("destroy", "-auto-approve")

    def terraform(self, *words: str) -> str:
        """What Terraform prints; `ScriptError` if it fails, with its error as a deployment shows it."""
        folder = self.stack.folder
        if not (folder / ".terraform").is_dir():
            self._run("init")
        return self._run(*words)

    def _run(self, *words: str) -> str:
        ran = terraform.run(*words, "-no-color", folder=self.stack.folder)
        if ran.returncode:
            raise ScriptError(explain(ran.stdout + ran.stderr, env=self.env, folder=self.stack.folder))
        return ran.stdout

    def changes(self) -> list[Call]:
        """What was changed in this environment since the last deployment began."""
        own = (self.stack.resource_group.lower(), self.stack.key_vault)
        calls = self.api.calls[self.seen :]
        return [
            call for call in calls if call.changes and any(name in f"{call.host}{call.path.lower()}" for name in own)
        ]

    def _bootstrap(self) -> None:
        """What scripts/bootstrap.py leaves: the group, the place of the state, identities with exactly their roles."""
        target = self._target
        for id_ in (self.group, target.state):
            self.api.create(id_, location=self.stack.location)
        self.api.define_role(self.stack.deploy_identity, actions=DEPLOYING)
        self.api.define_role(self.stack.read_identity, actions=READING)
        for grant in access.joining(target):
            self.api.define_role(grant.role, actions=JOINING)
        role_ids = {role: self.api.roles.named(role).id for role in self.stack.roles}
        wanted: Mapping[str, Iterable[access.Grant]] = {
            "deploy": [*access.deploying(target, role_ids=role_ids), *access.joining(target)],
            "read": access.reading(target),
            "plan": access.planning(target),
            "person": [
                access.Grant(role="Owner", scope=target.account.scope),
                *access.own_secrets(target),
                *access.own_state(target),
            ],
        }
        for identity, grants in wanted.items():
            for grant in grants:
                if "/providers/" in grant.scope and grant.scope != target.state:  # another team's
                    self.api.create(grant.scope, location=self.stack.location, properties={"tenantId": TENANT_ID})
                self.api.assign(client_id(identity, self.env), grant.role, grant.scope, condition=grant.condition)

    @property
    def _target(self) -> Target:
        nobody = Principal(id="", type="User", name="")
        account = Account(subscription_id=self.subscription, subscription_name="", tenant_id=TENANT_ID, caller=nobody)
        return Target(stack=self.stack, account=account, az=self.az)

"""The upstreams that the gateway calls with its identity: owned accounts, and its role on existing ones."""

from cdktf import ITerraformDependable

from constructs import Construct
from constructs.ai_account import AIAccount, terraform_name
from constructs.caller import Caller
from constructs.identity import Identity
from constructs.observability import Observability
from constructs.resource_group import ResourceGroup
from constructs.roles import assign_role
from settings.environment import EnvironmentSettings
from settings.resource_ids import subscription_of
from settings.roles import COGNITIVE_SERVICES_OPENAI_USER
from settings.upstreams import ExistingUpstream


class Upstreams(Construct):
    """Nothing for an upstream with a key, nor for one whose `account_id` is not given."""

    roles: list[ITerraformDependable]
    """They need minutes before the app uses them (see `GatewayStack`)."""
    finished: list[ITerraformDependable]
    """After them everything stands that the app calls."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        group: ResourceGroup,
        identity: Identity,
        caller: Caller,
        observability: Observability,
    ) -> None:
        super().__init__(scope, construct_id)
        accounts = [
            AIAccount(
                self,
                upstream.name,
                settings=settings,
                upstream=upstream,
                group=group,
                identity=identity,
                caller=caller,
                observability=observability,
            )
            for upstream in settings.owned_upstreams
        ]
        existing = [
            assign_role(
                self,
                f"{terraform_name(upstream.name)}_openai_user",
                role=COGNITIVE_SERVICES_OPENAI_USER,
                target_id=upstream.account_id,
                subscription_id=subscription_of(upstream.account_id),
                identity=identity,
            )
            for upstream in settings.all_upstreams
            if isinstance(upstream, ExistingUpstream) and upstream.account_id
        ]
        self.roles = [*(account.role for account in accounts), *existing]
        self.finished = [account.finished for account in accounts]

"""How the tests run GitHub's part of the bootstrap, after identities that somebody made before."""

from __future__ import annotations

from typing import Any

from scripts.bootstrap import main
from tests.cloud.az.azure import SUBSCRIPTION, TENANT
from tests.cloud.stand_ins import Cloud, Ran

REPOSITORY = "contoso/gateway"
PLAN, DEPLOY = "77777777-0000-4000-8000-000000000001", "77777777-0000-4000-8000-000000000002"
AZURE_KEY = "azures-own-key-that-is-in-no-argument"
HAS_KEY = {"TF_VAR_azure_openai_api_key": AZURE_KEY}
ENVS = ("dev", "staging", "prod")
LOGIN = {"AZURE_TENANT_ID": TENANT, "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION}


def github(cloud: Cloud, *words: str, env: dict[str, str] | None = None) -> Ran:
    """A run on the stacks that are synthesized."""
    with cloud.scene() as azure:
        azure["apps"] = [_app("pvc-aigateway-plan", PLAN), _app("pvc-aigateway-deploy", DEPLOY)]
    arguments = ("github", "--skip-synth", "--repository", REPOSITORY, *words)
    return cloud.call(main, *arguments, env=env)


def environment_of(cloud: Cloud, env: str) -> dict[str, Any]:
    """What GitHub keeps of it."""
    kept: dict[str, Any] = cloud.state("gh")["environments"][env]
    return kept


def _app(name: str, client_id: str) -> dict[str, Any]:
    return {"id": f"{client_id}-object", "appId": client_id, "displayName": name, "credentials": []}

"""A domain that somebody has bound to the container app outlives deployments, as docs/operate.md says."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.azure_api.conftest import MakeEnvironment
from tests.azure_api.environment import ORIGINAL, Environment
from tests.azure_api.synthesis import Patch
from tests.fixed_environments import ENVIRONMENTS

pytestmark = pytest.mark.provider

CHANGES: Mapping[str, Patch] = {
    "allowlist": {"ingress": {"ip_allowlist": ["203.0.113.0/24"]}},
    "replicas": {"ingress": {"ip_allowlist": ["203.0.113.0/24"]}, "scale": {"max_replicas": 4}},
}


def domain(name: str) -> dict[str, str]:
    """As `az containerapp hostname bind` leaves it."""
    certificate = (
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.App/managedEnvironments/e/managedCertificates/c"
    )
    return {"name": name, "bindingType": "SniEnabled", "certificateId": certificate}


def ingress(environment: Environment) -> dict[str, Any]:
    app = environment.api.app_named(environment.stack.container_app)
    content: dict[str, Any] = app["properties"]["configuration"]["ingress"]
    return content


def test_deployments_keep_a_domain_that_the_refresh_sees(make_environment: MakeEnvironment) -> None:
    environment = make_environment(ENVIRONMENTS / "dev.toml", CHANGES)
    environment.apply()
    first, second = domain("llm.contoso.example"), domain("models.contoso.example")
    ingress(environment)["customDomains"] = [first]

    assert environment.plan().changes == ()
    for change in CHANGES:
        environment.apply(change)
        assert ingress(environment)["customDomains"] == [first], change

    ingress(environment)["customDomains"] = [first, second]
    environment.use(ORIGINAL)  # without the allowlist
    environment.terraform("apply", "-auto-approve", "-refresh=false")
    assert ingress(environment)["customDomains"] == [first]

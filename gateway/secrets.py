"""The secrets of a stack: where each one comes from, and under which name it is kept."""

from dataclasses import dataclass

from gateway.upstreams import build_upstreams
from settings import EnvironmentSettings


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A Key Vault secret made from a Terraform variable: the variable's value, or its `sha256`."""

    name: str
    variable: str
    description: str
    sha256: bool = False


GATEWAY_KEY = Secret(
    name="gateway-key", variable="gateway_key", description="The key that clients present to the gateway."
)
INNER_KEY = Secret(
    name="inner-key",
    variable=GATEWAY_KEY.variable,
    description="What the two containers of a replica present to each other.",
    sha256=True,
)


def build_secrets(settings: EnvironmentSettings) -> tuple[Secret, ...]:
    """Every secret of the stack, in an order that stays: a changed one is a perpetual diff (azurerm #31376)."""
    upstreams = (
        Secret(
            name=upstream.key_secret,
            variable=upstream.key_variable,
            description=f"The API key of the Azure OpenAI resource '{upstream.name}'.",
        )
        for upstream in build_upstreams(settings)
    )
    return (GATEWAY_KEY, INNER_KEY, *upstreams)

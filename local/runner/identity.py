"""The managed identity of the container app: an endpoint that hands out tokens, as Container Apps has one."""

import asyncio
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from local.identity.azure_cli import request_token
from local.identity.endpoint import PATH, IdentityError
from local.runner.errors import RunnerError
from local.runner.services import serve

CLIENT_ID_OF = "${azurerm_user_assigned_identity.gateway.client_id}"
"""How a stack refers to the identity's client id."""
CLIENT_ID = "c11e9701-0000-4000-8000-000000000001"
"""The one on this machine."""
TOKEN_KEY = "local.identity_token_key"  # noqa: S105 - the name of a kept secret
"""Replicas that keep their secrets in one file have one identity, whose tokens all emulators accept."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The addresses of the endpoint and of its control port, and what those who call it or verify its tokens need."""

    url: str
    control_url: str
    header: str = field(repr=False)
    token_key: str | None = field(repr=False)

    @property
    def of_container(self) -> dict[str, str]:
        """The environment variables that the platform gives to a container with an identity."""
        return {"IDENTITY_ENDPOINT": f"{self.url}{PATH}", "IDENTITY_HEADER": self.header}

    @property
    def of_verifier(self) -> dict[str, str]:
        """The environment variables of who verifies the tokens; without a key they are Entra ID's, and not verified."""
        return {"AZURE_CLIENT_ID": CLIENT_ID, "IDENTITY_TOKEN_KEY": self.token_key or ""}


@contextmanager
def run_identity(*, token_key: str | None, behaviour: Mapping[str, object]) -> Iterator[Identity]:
    """Run the endpoint; without a key its tokens are those of the Azure CLI's user.

    `behaviour`: how it begins, by the fields of its control port.
    """
    header = secrets.token_urlsafe(24)
    env = {"IDENTITY_HEADER": header, "AZURE_CLIENT_ID": CLIENT_ID}
    if token_key is None:
        # The CLI needs its user's environment: the home directory with the login, a proxy.
        options, env = ["--azure"], {**os.environ, **env}
    else:
        options, env = [], {**env, "IDENTITY_TOKEN_KEY": token_key, "IDENTITY_BEHAVIOUR": json.dumps(dict(behaviour))}
    with serve("identity", "local.identity", *options, env=env) as addresses:
        yield Identity(url=addresses["port"], control_url=addresses["control_port"], header=header, token_key=token_key)


def check_login(scope: str) -> None:
    """Ask the Azure CLI for a token.

    Raises:
        RunnerError: it is not installed, nobody is logged in, or Entra ID refuses.
    """
    try:
        asyncio.run(request_token(scope.removesuffix("/.default")))
    except IdentityError as error:
        raise RunnerError(f"The settings want no key, so the login of the Azure CLI is used. {error}") from None

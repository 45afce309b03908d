"""`python -m local.identity`: the identity endpoint of a container on this machine."""

import argparse
import asyncio
import os
import sys

from pydantic import ValidationError

from local.identity import azure_cli
from local.identity.control_plane import control_plane_app
from local.identity.endpoint import Behaviour, IdentityEndpoint, Issuer
from local.listener import Listener, serve

_HOST = "127.0.0.1"


def main() -> int:
    """Exit code 0 after a signal, 2 if an environment variable is missing or wrong."""
    parser = argparse.ArgumentParser(prog="python -m local.identity", description=__doc__)
    parser.add_argument("--azure", action="store_true", help="hand out the tokens of the Azure CLI's user")
    uses_azure = parser.parse_args().azure
    names = ("IDENTITY_HEADER", "AZURE_CLIENT_ID", *(() if uses_azure else ("IDENTITY_TOKEN_KEY",)))
    if unset := [name for name in names if not os.environ.get(name)]:
        sys.stderr.write(f"{', '.join(unset)}: not set. local/identity/README.md describes them.\n")
        return 2
    client_id = os.environ["AZURE_CLIENT_ID"]
    try:
        behaviour = Behaviour.model_validate_json(os.environ.get("IDENTITY_BEHAVIOUR") or "{}")
    except ValidationError as error:
        sys.stderr.write(f"IDENTITY_BEHAVIOUR: {error}\n")
        return 2
    issuer = Issuer(client_id=client_id, key=os.environ.get("IDENTITY_TOKEN_KEY", ""), behaviour=behaviour)
    endpoint = IdentityEndpoint(
        header=os.environ["IDENTITY_HEADER"],
        client_id=client_id,
        request_token=azure_cli.request_token if uses_azure else issuer,
        behaviour=lambda: issuer.behaviour,
    )
    data = Listener(endpoint.app(), host=_HOST, port=0)
    control = Listener(control_plane_app(endpoint=endpoint, issuer=issuer, listener=data), host=_HOST, port=0)
    data.bind()
    control.bind()
    asyncio.run(serve(data, control, is_open=behaviour.fault != "down"))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m local.telemetry`: the ingestion endpoint of Application Insights on this machine."""

import argparse
import asyncio
import os
import sys

from local.listener import Listener, serve
from local.telemetry.authentication import Authentication
from local.telemetry.control_plane import control_plane_app
from local.telemetry.sink import Sink

_HOST = "127.0.0.1"
_VARIABLES = ("AZURE_CLIENT_ID", "IDENTITY_TOKEN_KEY")


def main() -> int:
    """Exit code 0 after a signal, 2 if an environment variable is missing."""
    argparse.ArgumentParser(prog="python -m local.telemetry", description=__doc__).parse_args()
    if unset := [name for name in _VARIABLES if name not in os.environ]:
        sys.stderr.write(f"{', '.join(unset)}: not set. local/telemetry/README.md describes them.\n")
        return 2
    authentication = Authentication(
        client_id=os.environ["AZURE_CLIENT_ID"], signing_key=os.environ["IDENTITY_TOKEN_KEY"]
    )
    sink = Sink(check_token=authentication.check)
    data = Listener(sink.app(), host=_HOST, port=0)
    control = Listener(control_plane_app(sink=sink, listener=data), host=_HOST, port=0)
    data.bind()
    control.bind()
    asyncio.run(serve(data, control))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m local.emulator --port N --control-port M`: one region of Azure OpenAI on this machine."""

import argparse
import asyncio
import os
import sys

from pydantic import ValidationError

from local.emulator.authentication import Authentication, Identity
from local.emulator.configuration import Configuration
from local.emulator.control_plane import control_plane_app
from local.emulator.data_plane import DataPlane
from local.listener import Listener, serve


def main() -> int:
    """Exit code 0 after a signal, 1 when a port is in use, 2 for invalid arguments or environment variables."""
    arguments = _arguments()
    key, identity = os.environ.get("AZURE_OPENAI_API_KEY") or None, _identity()
    if not (key or identity):
        return _fail(
            "Set AZURE_OPENAI_API_KEY to the key that the emulator shall accept, or IDENTITY_TOKEN_KEY and "
            "AZURE_CLIENT_ID to accept the tokens of that identity.",
            code=2,
        )
    try:
        configuration = Configuration.model_validate_json(os.environ.get("EMULATOR_CONFIG") or "{}")
    except ValidationError as error:
        return _fail(f"EMULATOR_CONFIG: {error}", code=2)
    authentication = Authentication(key=key, identity=identity)
    plane = DataPlane(configuration=configuration, authentication=authentication)
    data = Listener(plane.app(), host=arguments.host, port=arguments.port)
    control = Listener(control_plane_app(plane=plane, listener=data), host="127.0.0.1", port=arguments.control_port)
    for listener in (data, control):
        try:
            listener.bind()
        except OSError as error:
            data.close()
            return _fail(f"Cannot listen on port {listener.port}: {error.strerror}.", code=1)
    asyncio.run(serve(data, control))
    return 0


def _identity() -> Identity | None:
    signing_key, client_id = os.environ.get("IDENTITY_TOKEN_KEY"), os.environ.get("AZURE_CLIENT_ID")
    return Identity(signing_key=signing_key, client_id=client_id) if signing_key and client_id else None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.emulator", description=__doc__)
    parser.add_argument("--port", type=_port, required=True, help="0: any free port, which is printed")
    parser.add_argument("--control-port", type=_port, required=True, help="on 127.0.0.1; 0: any free port")
    parser.add_argument("--host", default="127.0.0.1")
    return parser.parse_args()


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not a port; use 0 to 65535")
    return port


def _fail(message: str, *, code: int) -> int:
    sys.stderr.write(f"{message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())

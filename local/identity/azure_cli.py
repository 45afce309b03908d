"""Tokens of the user who is logged in to the Azure CLI."""

import asyncio
import json
import shutil

from local.identity.endpoint import IdentityError, Token

_LONGEST_S = 60.0


async def request_token(resource: str) -> Token:
    """Ask the Azure CLI, which keeps tokens itself.

    Raises:
        IdentityError: it is not installed, nobody is logged in, or Entra ID refuses.
    """
    program = shutil.which("az")
    if program is None:
        raise _failed("az is not installed")
    command = ("account", "get-access-token", "--scope", f"{resource}/.default", "--output", "json")
    process = await asyncio.create_subprocess_exec(
        program, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_LONGEST_S):
            printed, message = await process.communicate()
    except TimeoutError:
        process.kill()
        raise _failed("it took too long") from None
    if process.returncode:
        raise _failed(message.decode(errors="replace").strip())
    try:
        token = json.loads(printed)
        return Token(value=token["accessToken"], expires_on=int(token["expires_on"]))
    except (ValueError, TypeError, KeyError):
        raise _failed("its answer has no expires_on, as before version 2.54") from None


def _failed(reason: str) -> IdentityError:
    reason = reason.removeprefix("ERROR: ").rstrip(".")
    return IdentityError(500, f"az account get-access-token: {reason}. Log in with `az login`.")

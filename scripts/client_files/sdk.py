"""Variables for the SDKs of OpenAI and what is built on them, in a file: a command with the key would be remembered."""

from __future__ import annotations

import shlex

from scripts.client_files.access import Access
from scripts.client_files.client import Client

KEY_VARIABLE = "GATEWAY_KEY"


def render(access: Access) -> str:
    """Lines for a shell; libraries for .env files read them, too."""
    variables = {"OPENAI_BASE_URL": access.base_url, "OPENAI_API_KEY": access.key, KEY_VARIABLE: access.key}
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


CLIENT = Client("OpenAI SDKs", "openai.env", render, ". {file}")

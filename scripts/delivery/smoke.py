"""The smoke test after a deployment, with the key that was deployed."""

from __future__ import annotations

import os

from scripts.secret_names import gateway_key
from scripts.smoke_test import deployed
from scripts.smoke_test.deployed import Smoke
from scripts.stacks import Stack
from scripts.work import say

__all__ = ["Smoke", "smoke"]


def smoke(stack: Stack, *, base_url: str) -> Smoke:
    """Ask the gateway everything once."""
    result = deployed.smoke(stack.env, base_url=base_url, key=os.environ[gateway_key().environ])
    if result.is_key_refused:
        say("If a key was rotated in the Key Vault, the value that was given here is out of date: take it from there.")
    return result

"""What a deployed stack tells."""

from __future__ import annotations

import json
from dataclasses import dataclass

from scripts.cli.error_handling import ScriptError
from scripts.terraform import program as terraform
from scripts.terraform.explanations import explained
from scripts.terraform.stacks import Stack


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Those of constructs/outputs.py that a deployment shows."""

    openai_base_url: str
    revision: str
    image: str


def outputs(stack: Stack) -> Outputs:
    """Read from the state."""
    ran = terraform.run("output", "-json", "-no-color", folder=stack.folder)
    if ran.returncode:
        raise ScriptError(explained(ran.stderr, env=stack.env, folder=stack.folder))
    told = json.loads(ran.stdout)
    missing = [name for name in Outputs.__annotations__ if name not in told]
    if missing:
        raise ScriptError(f"{stack.env} does not tell {', '.join(missing)}: was its deployment stopped? Run it again.")
    return Outputs(**{name: str(told[name]["value"]) for name in Outputs.__annotations__})

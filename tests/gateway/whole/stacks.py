"""Stacks for tests that need gateways of their own."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).parents[3]
ENVIRONMENTS = ROOT / "tests/gateway/environments"
_SYNTHESIZE = """
import pathlib, sys
from main import synthesize
from settings.loading import load_environment
synthesize([load_environment(pathlib.Path(sys.argv[1]))], outdir=pathlib.Path(sys.argv[2]))
"""


def synthesize_environment(name: str, outdir: Path, *, environ: Mapping[str, str]) -> None:
    """Synthesize one of `tests/gateway/environments`."""
    command = [sys.executable, "-c", _SYNTHESIZE, str(ENVIRONMENTS / f"{name}.toml"), str(outdir)]
    subprocess.run(command, cwd=ROOT, env=dict(environ), check=True)


def stack_in(outdir: Path, name: str) -> Path:
    """Where the synthesized stack of this environment is."""
    return outdir / f"stacks/aigateway-{name}/cdk.tf.json"


def changed(
    stack: Path, *, file: Path, variables: Mapping[str, str] = MappingProxyType({}), **sections: Mapping[str, object]
) -> Path:
    """Write the stack with other values in the gateway's configuration, which takes no synthesis of seconds.

    Each section is one of the configuration, as in `timeouts={"total_s": 9}`; `embeddings` are the models of that kind.
    `variables` are other values of environment variables.
    """
    document = json.loads(stack.read_text(encoding="utf-8"))
    (app,) = document["resource"]["azurerm_container_app"].values()
    for container in app["template"]["container"]:
        for variable in container["env"]:
            if variable["name"] in variables:
                variable["value"] = variables[variable["name"]]
            if variable["name"] == "GATEWAY_CONFIG":
                configuration = json.loads(variable["value"])
                kinds = {"embeddings": [model for model in configuration["models"] if model["kind"] == "embeddings"]}
                for name, values in sections.items():
                    for section in kinds.get(name) or [configuration[name]]:
                        assert name in kinds or values.keys() <= section.keys()
                        section.update(values)
                variable["value"] = json.dumps(configuration)
    file.write_text(json.dumps(document), encoding="utf-8")
    return file

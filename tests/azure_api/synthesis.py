"""Stacks of changed settings, all of them by one process: jsii takes seconds to start."""

import json
import subprocess
import sys
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

from gateway.archive import SOURCE, pack, read_source
from tests.fixed_environments import ROOT

Patch = Mapping[str, Any]
"""Fields of the settings: a table is changed field by field, anything else is replaced, None removes."""
EDITED = "module"
"""The name of the stack that carries an edited module of the gateway."""
_SYNTHESIZE = """
import json, pathlib, sys, tomllib
from main import synthesize
from settings.environment import EnvironmentSettings
from tests.azure_api.synthesis import merged, without_nothing

given = json.load(sys.stdin)
content = tomllib.loads(pathlib.Path(given["file"]).read_text(encoding="utf-8"))
for outdir, patch in given["patches"].items():
    synthesize([EnvironmentSettings(**without_nothing(merged(content, patch)))], outdir=pathlib.Path(outdir))
"""


def cumulated(patches: Mapping[str, Patch]) -> dict[str, Patch]:
    """Each with all of those before it."""
    return dict(zip(patches, accumulate(patches.values(), merged), strict=True))


def merged(old: Patch, patch: Patch) -> Patch:
    """One with another on top of it."""
    changed = {
        name: merged(old.get(name) or {}, value) if isinstance(value, Mapping) else value
        for name, value in patch.items()
    }
    return {**old, **changed}


def without_nothing(content: Patch) -> Patch:
    """The content without what a patch has removed."""
    return {
        name: without_nothing(value) if isinstance(value, Mapping) else value
        for name, value in content.items()
        if value is not None
    }


def synthesize(file: Path, patches: Mapping[Path, Patch], *, environ: Mapping[str, str]) -> None:
    """Write the stack of an environment's file into each folder, with the folder's changes."""
    given = {"file": str(file), "patches": {str(folder): patch for folder, patch in patches.items()}}
    subprocess.run(
        [sys.executable, "-c", _SYNTHESIZE], cwd=ROOT, env=environ, check=True, input=json.dumps(given), text=True
    )
    for folder in patches:
        if folder.name == EDITED:
            (stack,) = folder.glob("stacks/*/cdk.tf.json")
            _edit_module(stack)


def _edit_module(stack: Path) -> None:
    """Let the stack carry the source of an edited working tree."""
    document = json.loads(stack.read_text(encoding="utf-8"))
    source = dict(read_source())
    source["gateway/runtime/silence.py"] += b"# edited\n"
    (app,) = document["resource"]["azurerm_container_app"].values()
    (variable,) = (each for each in app["template"]["container"][0]["env"] if each["name"] == SOURCE)
    variable["value"] = pack(source)
    stack.write_text(json.dumps(document), encoding="utf-8")

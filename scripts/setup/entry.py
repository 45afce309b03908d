"""How every script begins and ends. Standard library only, and readable to an old Python."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NoReturn

from scripts.cli.error_handling import error_handling
from scripts.setup.prepare import enter
from scripts.setup.settings_files import litellm_versions


def run_main(
    *,
    first: Callable[[list[str]], object] = lambda _: None,
    venv: bool = True,
    development: bool = False,
    litellm: bool = False,
    tools: Collection[str] = (),
    node: bool = False,
) -> NoReturn:
    """Call `main()` of the started script, by default in `.venv` with what it needs, and exit.

    The script is imported there as a module, so its own imports may stand at its top. `first` gets the arguments
    before anything is installed; `litellm` are the versions that the settings name.
    """
    with error_handling():
        first(sys.argv[1:])
        if venv:
            versions = litellm_versions() if litellm else ()
            enter(development=development, litellm=versions, tools=tools, node=node)
        importlib.import_module(f"scripts.{Path(sys.argv[0]).stem}").main()
    sys.exit(0)

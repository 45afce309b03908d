"""How every script begins and ends. Standard library only, and readable to an old Python."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection
from pathlib import Path
from typing import NoReturn

from scripts.cli.error_handling import error_handling
from scripts.setup.prepare import enter


def run_main(
    *, venv: bool = True, development: bool = False, tools: Collection[str] = (), node: bool = False
) -> NoReturn:
    """Call `main()` of the started script, by default in `.venv` with what it needs, and exit.

    The script is imported there as a module, so its own imports may stand at its top.
    """
    with error_handling():
        if venv:
            enter(development=development, tools=tools, node=node)
        importlib.import_module(f"scripts.{Path(sys.argv[0]).stem}").main()
    sys.exit(0)

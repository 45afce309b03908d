"""What a deployment would create, change, replace and destroy: `plan.py --env dev`, or `--all`.

It wraps `cdktf diff`, needs no secret, changes nothing, and does not lock the state. With `--no-refresh` the state is
all that it reads, so that it takes no right to read the vaults. The exit code is 0 with or without changes.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(node=True)

import argparse

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.terraform.planning import failed_page, plan, prepared, publish, show


def main() -> None:
    """Plan one after the other; one that fails does not keep the others from being shown."""
    arguments = parse(sys.argv[1:])
    pages, failures = [], 0
    for stack in prepared(arguments.env):
        try:
            found = plan(stack, refresh=not arguments.no_refresh)
            show(found)
            pages.append(found.markdown())
        except ScriptError as failure:
            log(str(failure))
            pages.append(failed_page(stack.env, failure))
            failures += 1
    publish("\n".join(pages), file=arguments.markdown)
    sys.exit(1 if failures else 0)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="plan.py", description="What a deployment would change.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--env", action="append", metavar="NAME", help="an environment; may be repeated")
    which.add_argument("--all", action="store_true", help="every environment")
    parser.add_argument("--no-refresh", action="store_true", help="compare with the state, and ask Azure for nothing")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write it there, too, for a comment on GitHub")
    return parser.parse_args(words)

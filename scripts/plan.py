"""Shows what a deployment would create, update, replace and destroy: `plan.py --env dev`, or `--all`.

Wraps `cdktf diff`. Needs no secrets, changes nothing, and does not lock the state; where there is no state yet,
Terraform leaves an empty one, if this login may write it. With `--no-refresh` it reads the state only, which takes no
right to read the vaults. The exit code is 0 with or without changes.

The digest identifies what would change: `deploy.py --expect-digest` deploys that and nothing else. In a workflow the
outputs `digest` and `plan` of the step hand both on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="plan.py", description="Shows what a deployment would change.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--env", action="append", metavar="NAME", help="an environment; repeatable")
    which.add_argument("--all", action="store_true", help="all environments")
    parser.add_argument("--no-refresh", action="store_true", help="compare with the state only, not with Azure")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write Markdown to this file")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.setup.entry import run_main

    run_main(first=parse, node=True)

from scripts.azure.login import log_in
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.github.job_output import set_output
from scripts.terraform.plan import failure_markdown, plan, publish, show
from scripts.terraform.stacks import prepare


def main() -> None:
    """Plan one environment after the other, also after a failure."""
    arguments = parse(sys.argv[1:])
    pages, failures = [], 0
    for stack in prepare(arguments.env):
        try:
            log_in(stack)
            planned = plan(stack, refresh=not arguments.no_refresh, needs_state=False)
            show(planned)
            pages.append(planned.markdown())
            if arguments.env and not planned.note:
                set_output("digest", planned.digest)
                set_output("plan", planned.markdown())
        except ScriptError as failure:
            log(str(failure))
            pages.append(failure_markdown(stack.env, failure))
            failures += 1
    publish("\n".join(pages), file=arguments.markdown)
    sys.exit(1 if failures else 0)

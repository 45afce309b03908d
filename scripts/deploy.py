"""Deploys an environment: `deploy.py --env dev`. The secrets are taken from TF_VAR_... variables.

It shows the plan, asks, runs `cdktf deploy`, and then the smoke test. `cdktf deploy` cannot apply a plan that was made
before: it plans again, so what somebody changes in Azure between the two is in no plan that was seen.

Ctrl-C does not leave a locked state behind: Terraform is told to stop, and waited for.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[0] = str(Path(__file__).resolve().parents[1])

from scripts.environment import enter  # noqa: E402
from scripts.plan import plan, prepared, show  # noqa: E402
from scripts.work import Failed, manners, say  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scripts.delivery.outputs import Outputs
    from scripts.delivery.plans import Plan
    from scripts.delivery.smoke import Smoke
    from scripts.stacks import Stack


def main() -> None:
    """One after the other; the first that fails is the last."""
    with manners():
        enter(node=True)
        arguments = parse(sys.argv[1:])
        stacks = prepared(arguments.env)
        from scripts.delivery.preconditions import check

        check(stacks)
        if len(stacks) > 1:
            warn([stack.env for stack in stacks])
        for stack in stacks:
            deploy(stack, yes=arguments.yes, test=not arguments.no_smoke, overwrite=arguments.overwrite_keys)


def parse(words: list[str]) -> argparse.Namespace:
    """The options; a mistake in them ends with exit code 2."""
    parser = argparse.ArgumentParser(prog="deploy.py", description="Plans, asks, deploys and tests.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--env", action="append", metavar="NAME", help="an environment; may be repeated")
    which.add_argument("--all", action="store_true", help="every environment: dev first, prod last")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--no-smoke", action="store_true", help="do not test the gateway afterwards")
    parser.add_argument("--overwrite-keys", action="store_true", help="also where a key was rotated in the vault")
    return parser.parse_args(words)


def warn(envs: Sequence[str]) -> None:
    """What several environments in one run share, and should not."""
    say(
        f"WARNING: {', '.join(envs)} get the same TF_VAR_... values. One that is new gets the same client keys as the\n"
        "others, so that who has a key of one gets into all. Those that are there keep theirs; their smoke test fails\n"
        "where these differ. Deploy a new one alone."
    )


def deploy(stack: Stack, *, yes: bool, test: bool, overwrite: bool) -> None:
    """From the plan to the summary; where there is nothing to do, the gateway is tested all the same."""
    from scripts.cloud.commands import CommandLine
    from scripts.delivery.applying import apply
    from scripts.delivery.keys import check_keys
    from scripts.delivery.outputs import outputs
    from scripts.delivery.smoke import Smoke, smoke

    found = plan(stack)
    show(found)
    if not found.is_empty or found.outputs:
        if not overwrite:
            check_keys(stack, found.rewritten, CommandLine("az", subscription=os.environ.get("ARM_SUBSCRIPTION_ID")))
        approve(stack, yes=yes)
        apply(stack)
    told = outputs(stack)
    print(f"{stack.env}: {told.openai_base_url}\nrevision: {told.revision}\nimage: {told.image}")
    result = smoke(stack, base_url=told.openai_base_url) if test else Smoke(passed=True, words="not run: --no-smoke")
    summarize(stack, found, told, result)
    if not result.passed:
        raise Failed(f"{stack.env} is deployed, and does not pass the smoke test. {way_back(stack)}")


def approve(stack: Stack, *, yes: bool) -> None:
    """`Failed` unless somebody types yes, or --yes was said beforehand."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failed(f"Nobody is there to approve the deployment of {stack.env}: --yes does it beforehand.", code=2)
    if input(f"Deploy {stack.env}? Only `yes` does it: ").strip() != "yes":
        raise Failed(f"{stack.env} is not deployed.")


def summarize(stack: Stack, found: Plan, told: Outputs, result: Smoke) -> None:
    """On the page of the workflow's run."""
    from scripts.delivery.markdown import add_to_summary, code

    rows = {"URL": told.openai_base_url, "revision": told.revision, "image": told.image, "smoke test": result.words}
    lines = [f"### Deployment of {stack.env}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {code(value)} |" for name, value in rows.items()]
    parts = ["\n".join(lines), "" if result.passed else way_back(stack), result.markdown, found.markdown()]
    add_to_summary("\n\n".join(part.strip() for part in parts if part))


def way_back(stack: Stack) -> str:
    """What to do when the new revision is not well."""
    return f"Back to the revision before: `python3 scripts/rollback.py --env {stack.env}`"


if __name__ == "__main__":
    main()

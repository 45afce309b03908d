"""The smoke test of a deployed gateway, as a deployment needs it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from scripts.stacks import Stack
from scripts.work import say

KEY = "TF_VAR_gateway_key"
"""The key of the first project."""


@dataclass(frozen=True)
class Smoke:
    """How it went: in a word or two, and for GitHub in full."""

    passed: bool
    words: str
    markdown: str = ""


def smoke(stack: Stack, *, base_url: str) -> Smoke:
    """Ask the gateway everything once, with the key that was deployed."""
    from rich.console import Console

    from scripts.smoke_test import run
    from scripts.target import models_for
    from settings import load_environments

    ingress = {settings.env: settings for settings in load_environments()}[stack.env].ingress
    if not ingress.external:
        say(f"No smoke test: {stack.env} answers inside its virtual network alone. From there:")
        say(by_hand(stack, base_url))
        return Smoke(passed=True, words="not run: the ingress is internal")
    report = run(base_url=base_url, key=os.environ[KEY], models=models_for(stack.env))
    Console(width=None).print(report.table())
    if report.passed:
        return Smoke(passed=True, words="passed", markdown=report.markdown())
    say(report.text())
    if ingress.ip_allowlist:
        allowed = ", ".join(map(str, ingress.ip_allowlist))
        say(f"The ingress lets in {allowed} alone. If this machine is not among them, the gateway may be well:")
        say(f"deploy with --no-smoke, and test from there: {by_hand(stack, base_url)}")
    return Smoke(passed=False, words="FAILED", markdown=report.markdown())


def by_hand(stack: Stack, base_url: str) -> str:
    """The same, as a command."""
    return f"GATEWAY_KEY=... python3 scripts/smoke.py --env {stack.env} --base-url {base_url}"

"""The smoke test of a deployed gateway, as a deployment needs it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.stacks import Stack
from scripts.work import Failed, say

if TYPE_CHECKING:
    from scripts.smoke_test import Report

WIDTH = 120


@dataclass(frozen=True)
class Smoke:
    """How it went: in a word or two, and for GitHub in full."""

    passed: bool
    words: str
    markdown: str = ""


def smoke(stack: Stack, *, base_url: str) -> Smoke:
    """Ask the gateway everything once, with the key that was deployed."""
    from scripts.client_settings import settings_of
    from scripts.smoke_test import offer_of, run
    from scripts.smoke_test.container_apps import KEPT_OUT

    ingress, offer = settings_of(stack.env).ingress, offer_of(stack.env)
    if not ingress.external:
        say(f"No smoke test: {stack.env} answers inside its virtual network alone.")
        say(f"From there: {_by_hand(stack, base_url)}")
        return Smoke(passed=True, words="not run: the ingress is internal")
    try:
        report = run(base_url=base_url, key=os.environ[f"TF_VAR_{offer.key_name}"], offer=offer)
    except Failed as failure:
        say(str(failure))
        return Smoke(passed=False, words="not run: the key cannot be one")
    if ingress.ip_allowlist and [diagnosis.meaning for diagnosis in report.diagnoses] == [KEPT_OUT]:
        say(f"No smoke test: the ingress lets in {', '.join(map(str, ingress.ip_allowlist))} alone.")
        say(f"From there: {_by_hand(stack, base_url)}")
        return Smoke(passed=True, words="not run: this machine is not in ip_allowlist")
    _show(report)
    return Smoke(passed=report.passed, words="passed" if report.passed else "FAILED", markdown=report.markdown())


def _show(report: Report) -> None:
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else WIDTH).print(report.table())
    if report.passed:
        return
    say(report.text())
    if any(diagnosis.layer == "key" for diagnosis in report.diagnoses):
        say("If a key was rotated in the Key Vault, the value that was given here is out of date: take it from there.")


def _by_hand(stack: Stack, base_url: str) -> str:
    """The same, as a command."""
    return f"GATEWAY_KEY=... python3 scripts/smoke.py --env {stack.env} --base-url {base_url}"

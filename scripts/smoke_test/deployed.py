"""The smoke test of a deployed environment, from a machine that its ingress may not let in."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.azure.offers import settings_of
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.terminal import console
from scripts.smoke_test.container_apps import KEPT_OUT
from scripts.smoke_test.offer import offer_of
from scripts.smoke_test.run import run


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """How it went: in a word or two, and for GitHub in full."""

    passed: bool
    words: str
    markdown: str = ""


def smoke(env: str, *, base_url: str, key: str, project: str | None = None, is_let_in: bool = False) -> Smoke:
    """Ask the gateway everything once, and show the answers; `is_let_in` when this machine is known to be."""
    ingress = settings_of(env).ingress
    of_project = f" --project {project}" if project else ""
    by_hand = f"GATEWAY_KEY=... python3 scripts/smoke.py --env {env}{of_project} --base-url {base_url}"
    if not ingress.external and not is_let_in:
        log(f"No smoke test: {env} answers inside its virtual network alone.")
        log(f"From there: {by_hand}")
        return Smoke(passed=True, words="not run: the ingress is internal")
    try:
        report = run(base_url=base_url, key=key, offer=offer_of(env, project=project))
    except ScriptError as failure:
        log(str(failure))
        return Smoke(passed=False, words="not run: the key cannot be one")
    if ingress.ip_allowlist and [diagnosis.meaning for diagnosis in report.diagnoses] == [KEPT_OUT]:
        log(f"No smoke test: the ingress lets in {', '.join(map(str, ingress.ip_allowlist))} alone.")
        log(f"From there: {by_hand}")
        return Smoke(passed=True, words="not run: this machine is not in ip_allowlist")
    console().print(report.table())
    if not report.passed:
        log(report.text())
    return Smoke(
        passed=report.passed,
        words="passed" if report.passed else "FAILED",
        markdown=report.markdown(),
    )

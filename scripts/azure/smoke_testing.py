"""The smoke test of a deployed environment, from a machine that its ingress may not allow."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.cli.settings import settings_of
from scripts.cli.terminal import console
from scripts.smoke_test import run, target_of


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """The result: in a few words, and for GitHub in full."""

    passed: bool
    words: str
    markdown: str = ""


def smoke(env: str, *, base_url: str, key: str, project: str | None = None, is_allowed: bool = False) -> Smoke:
    """Test the gateway and print the results; `is_allowed` if the ingress is known to allow this machine."""
    ingress = settings_of(env).ingress
    of_project = f" --project {project}" if project else ""
    command = f"GATEWAY_KEY=... python3 scripts/smoke.py --env {env}{of_project} --base-url {base_url}"
    if not ingress.external and not is_allowed:
        log(f"No smoke test: {env} answers only inside its virtual network. Run it there:\n{command}")
        return Smoke(passed=True, words="not run: the ingress is internal")
    try:
        report = run(base_url=base_url, key=key, target=target_of(env, project=project))
    except ScriptError as failure:
        log(str(failure))
        return Smoke(passed=False, words="not run: the key is not valid")
    if ingress.ip_allowlist and [diagnosis.id for diagnosis in report.diagnoses] == ["address-not-allowed"]:
        allowed = ", ".join(map(str, ingress.ip_allowlist))
        log(f"No smoke test: the ingress allows only {allowed}. Run it there:\n{command}")
        return Smoke(passed=True, words="not run: this machine is not in ip_allowlist")
    console().print(report.table())
    if not report.passed:
        log(report.text())
    return Smoke(passed=report.passed, words="passed" if report.passed else "FAILED", markdown=report.markdown())

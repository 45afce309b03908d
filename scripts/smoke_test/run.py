"""The smoke test as a whole: reach the gateway, then every check, whatever became of the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import httpx

from scripts.azure.offers import normalized
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.smoke_test.answers import judged
from scripts.smoke_test.checks import MODELS, Check, checks_of
from scripts.smoke_test.diagnosis import HOST, Fault, Scene
from scripts.smoke_test.exchange import Answer, printable
from scripts.smoke_test.expected_refusals import OPEN
from scripts.smoke_test.misfits import MisfitError
from scripts.smoke_test.offer import Offer
from scripts.smoke_test.refusals import refused, silent
from scripts.smoke_test.report import Report, Result
from scripts.smoke_test.start import reach
from scripts.smoke_test.transport import UnreachedError
from scripts.smoke_test.wire import Wire, wire_to

WAIT_S = 240.0
"""LiteLLM may take 150 s to load, and Container Apps some to find a machine."""
TIMEOUT_S = 130.0
"""Embeddings wait up to `limits.queue_s` (120 s) for Azure's quota before the gateway says so."""
_TOTAL = 3
"""All checks together take at most so many times the time of one: what hangs, hangs."""


def run(
    *,
    base_url: str,
    key: str,
    offer: Offer,
    wait_s: float = WAIT_S,
    timeout_s: float = TIMEOUT_S,
    tell: Callable[[str], None] = log,
) -> Report:
    """Check the gateway; what fails is in the report. `tell` hears of a wait.

    `ScriptError` if the address or the key cannot be one.
    """
    url = normalized(base_url)
    try:
        httpx.URL(url)
    except httpx.InvalidURL as wrong:
        raise ScriptError(f"--base-url {url}: {wrong}.", code=2) from None
    secret = key.strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ScriptError("The key is empty, or has spaces or characters that no HTTP header can hold.", code=2)
    return asyncio.run(_run(url=url, key=secret, offer=offer, wait_s=wait_s, timeout_s=timeout_s, tell=tell))


async def _run(
    *, url: str, key: str, offer: Offer, wait_s: float, timeout_s: float, tell: Callable[[str], None]
) -> Report:
    scene, checks = Scene(base_url=url, offer=offer), checks_of(offer, key=key)
    started = time.monotonic()
    async with wire_to(url, key=key, timeout_s=max(wait_s, timeout_s)) as wire:
        try:
            answer = await reach(wire, scene, wait_s=wait_s, tell=tell)
        except Fault as fault:
            first, rest = _failed("gateway", "", fault), tuple(_skipped(check, "not reached") for check in checks)
        else:
            waited = time.monotonic() - started
            note = f"after {waited:.0f} s" if waited > 1 else ""
            first = _first(answer, note, scene)
            wire.timeout_s, wire.until = timeout_s, time.monotonic() + _TOTAL * timeout_s
            rest = tuple(await _all(checks, wire=wire, scene=scene))
    return Report(base_url=url, env=offer.env, project=offer.project, results=(first, *rest))


def _first(answer: Answer, note: str, scene: Scene) -> Result:
    """Even the list of models is for owners of a key."""
    if answer.status < 300:
        return _failed("gateway", "", Fault("lists models without a key", scene.diagnosis("gateway", OPEN, (HOST,))))
    return Result(check="gateway", model="", status="passed", ms=answer.ms, note=note)


async def _all(checks: Sequence[Check], *, wire: Wire, scene: Scene) -> Sequence[Result]:
    results: list[Result] = []
    gone, shut = "", ""
    for check in checks:
        if left_out := gone or (shut if check.needs_key else ""):
            results.append(_skipped(check, left_out))
            continue
        result, is_gone = await _one(check, wire=wire, scene=scene)
        results.append(result)
        if is_gone:
            gone = "the gateway is gone"
        elif wire.left_s <= 0:
            gone = "no time left: see --timeout-s"
        if check.name == MODELS and result.diagnosis and result.diagnosis.layer == "key":
            shut = "the key opens nothing"
    return results


async def _one(check: Check, *, wire: Wire, scene: Scene) -> tuple[Result, bool]:
    """The result, and whether there is no use in asking anything more."""
    scene = Scene(base_url=scene.base_url, offer=scene.offer, served=check.served)
    model = check.served.model.name if check.served else ""
    try:
        answer = await wire.ask(check.request)
    except UnreachedError as failure:
        return _failed(check.name, model, silent(failure, scene)), failure.is_final
    try:
        if not _is_for_judge(check, answer):
            raise refused(answer, scene)
        note = judged(check.judge, answer)
    except Fault as fault:
        return _failed(check.name, model, fault), False
    except MisfitError as misfit:
        diagnosis = scene.diagnosis(misfit.layer, misfit.meaning, misfit.look_at, answer=answer, note=misfit.note)
        return _failed(check.name, model, Fault(misfit.note, diagnosis, ms=answer.ms)), False
    return Result(check=check.name, model=model, status="passed", ms=answer.ms, note=printable(note)), False


def _is_for_judge(check: Check, answer: Answer) -> bool:
    """Whether it is an answer of the kind that was asked for, well made or not."""
    if check.refusal:
        return answer.status < 300 or (400 <= answer.status < 500 and bool(answer.error))
    return answer.status == 200


def _failed(name: str, model: str, fault: Fault) -> Result:
    return Result(
        check=name, model=model, status="failed", ms=fault.ms, note=printable(fault.note), diagnosis=fault.diagnosis
    )


def _skipped(check: Check, why: str) -> Result:
    model = check.served.model.name if check.served else ""
    return Result(check=check.name, model=model, status="skipped", ms=None, note=why)

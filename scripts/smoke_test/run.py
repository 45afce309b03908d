"""The smoke test as a whole: wait for the gateway, then run every check, whatever the results of the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from http import HTTPStatus
from itertools import chain, repeat

import httpx

from scripts.cli.base_url import normalize
from scripts.cli.error_handling import ScriptError
from scripts.cli.log import log
from scripts.smoke_test.assertions import AssertionFailure, evaluate
from scripts.smoke_test.checks import MODELS, Check, checks_of
from scripts.smoke_test.diagnosis import CheckFailure, Context, not_reached, refused
from scripts.smoke_test.http import Client, Request, Response, UnreachableError, connect, printable
from scripts.smoke_test.report import Report, Result
from scripts.smoke_test.target import Target

WAIT_S = 240.0
"""LiteLLM may take 150 s to start, and Container Apps some to find a machine."""
TIMEOUT_S = 130.0
"""Embeddings are queued for Azure's quota for up to `limits.queue_s` (120 s)."""
_TOTAL = 3
"""All checks together take at most three times the timeout of one."""
_SHORT_WAIT_S = 20.0
"""For a name or an app that may be a minute old; a mistyped one should not take four."""
_MIN_WAIT_S = 5.0
_PAUSES_S = (0.5, 1.0, 2.0, 3.0)
_FIRST_REMINDER_S, _REMINDER_S = 2.0, 15.0


def run(
    *,
    base_url: str,
    key: str,
    target: Target,
    wait_s: float = WAIT_S,
    timeout_s: float = TIMEOUT_S,
    progress: Callable[[str], None] = log,
) -> Report:
    """Test the gateway; failures are in the report. `progress` gets a line while it waits.

    Raises:
        ScriptError: the address or the key is not valid.
    """
    test = run_async(base_url=base_url, key=key, target=target, wait_s=wait_s, timeout_s=timeout_s, progress=progress)
    return asyncio.run(test)


async def run_async(
    *, base_url: str, key: str, target: Target, wait_s: float, timeout_s: float, progress: Callable[[str], None]
) -> Report:
    """The same in a running event loop."""
    url, key = _valid_url(base_url), _valid_key(key)
    context, checks = Context(base_url=url, target=target), checks_of(target, key=key)
    started = _now()
    async with connect(url, key=key, timeout_s=max(wait_s, timeout_s)) as client:
        try:
            response = await reach(client, context, wait_s=wait_s, progress=progress)
        except CheckFailure as failure:
            first, rest = _failed("gateway", "", failure), [_skipped(check, "not reached") for check in checks]
        else:
            waited = _now() - started
            first = _first_result(response, f"after {waited:.0f} s" if waited > 1 else "", context)
            client.timeout_s, client.deadline = timeout_s, _now() + _TOTAL * timeout_s
            rest = await run_checks(checks, client=client, context=context)
    return Report(base_url=url, env=target.env, project=target.project, results=(first, *rest))


def _valid_url(base_url: str) -> str:
    url = normalize(base_url)
    try:
        httpx.URL(url)
    except httpx.InvalidURL as wrong:
        raise ScriptError(f"--base-url {url}: {wrong}.", code=2) from None
    return url


def _valid_key(key: str) -> str:
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ScriptError("The key is empty, or has spaces or characters that an HTTP header cannot hold.", code=2)
    return key


async def reach(client: Client, context: Context, *, wait_s: float, progress: Callable[[str], None]) -> Response:
    """The gateway's first response, to a request without a key: another server must not get the key.

    A gateway may be scaled to zero, just deployed, or still starting on this machine.

    Raises:
        CheckFailure: there is none in time, or another server answers.
    """
    started = _now()
    client.deadline = started + max(wait_s, _MIN_WAIT_S)
    pauses = chain(_PAUSES_S, repeat(_PAUSES_S[-1]))
    async with _reminders(progress, f"Waiting for {context.base_url}, up to {wait_s:.0f} s"):
        while True:
            try:
                response = await client.send(Request(path="models", key=None))
            except UnreachableError as error:
                failure, is_starting = not_reached(error, context), error.kind in ("refused", "timeout", "broken")
            else:
                if response.error.get("code") == "invalid_api_key" or isinstance(response.fields.get("data"), list):
                    return response
                failure, is_starting = refused(response, context), response.status in (502, 503, 504)
            is_new = failure.diagnosis.id in ("dns", "no-running-app")
            limit = wait_s if is_starting else min(wait_s, _SHORT_WAIT_S) if is_new else 0.0
            pause = next(pauses)
            if _now() + pause - started > limit:
                raise failure
            await asyncio.sleep(pause)


def _first_result(response: Response, note: str, context: Context) -> Result:
    """Even the list of models needs a key."""
    if response.status < 300:
        failure = CheckFailure("lists models without a key", context.diagnose("no-authentication"))
        return _failed("gateway", "", failure)
    return Result(check="gateway", model="", status="passed", ms=response.ms, note=note)


async def run_checks(checks: Sequence[Check], *, client: Client, context: Context) -> list[Result]:
    """Every check, or why it was skipped."""
    results: list[Result] = []
    end, no_key = "", ""
    for check in checks:
        if reason := end or (no_key if check.needs_key else ""):
            results.append(_skipped(check, reason))
            continue
        failure: CheckFailure | None = None
        try:
            results.append(
                await _run_check(check, client=client, context=replace(context, deployment=check.deployment))
            )
        except CheckFailure as found:
            failure = found
            results.append(_failed(check.name, check.model, failure))
        if failure and failure.is_final:
            end = "the gateway is not reachable"
        elif client.left_s <= 0:
            end = "no time left: see --timeout-s"
        elif failure and check.name == MODELS and failure.diagnosis.layer == "key":
            no_key = "the key is not valid"
    return results


async def _run_check(check: Check, *, client: Client, context: Context) -> Result:
    try:
        response = await client.send(check.request)
    except UnreachableError as error:
        raise not_reached(error, context) from None
    if not _is_expected(check, response):
        raise refused(response, context)
    try:
        note = evaluate(check.assertion, response)
    except AssertionFailure as failure:
        diagnosis = context.diagnose(failure.advice, response=response, note=failure.note, **failure.words)
        raise CheckFailure(failure.note, diagnosis, ms=response.ms) from None
    return Result(check=check.name, model=check.model, status="passed", ms=response.ms, note=printable(note))


def _is_expected(check: Check, response: Response) -> bool:
    """Whether its status is one that the assertion can judge."""
    if check.is_refusal:
        is_refused = 400 <= response.status < 500 and response.status != HTTPStatus.TOO_MANY_REQUESTS
        return response.status < 300 or (is_refused and bool(response.error))
    return response.status == 200


def _failed(name: str, model: str, failure: CheckFailure) -> Result:
    note, diagnosis = printable(failure.note), failure.diagnosis
    return Result(check=name, model=model, status="failed", ms=failure.ms, note=note, diagnosis=diagnosis)


def _skipped(check: Check, reason: str) -> Result:
    return Result(check=check.name, model=check.model, status="skipped", ms=None, note=reason)


def _now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def _reminders(progress: Callable[[str], None], text: str) -> AsyncIterator[None]:
    """Say it from time to time while the block runs."""

    async def remind() -> None:
        started, pause = _now(), _FIRST_REMINDER_S
        while True:
            await asyncio.sleep(pause)
            progress(f"{text} ... {_now() - started:.0f} s")
            pause = _REMINDER_S

    task = asyncio.create_task(remind())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

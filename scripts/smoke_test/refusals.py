"""From an answer that should not have been, or none, to a diagnosis."""

from __future__ import annotations

from scripts.smoke_test.azure_cases import AZURE
from scripts.smoke_test.container_apps import of_platform
from scripts.smoke_test.diagnosis import HOST, LOG, LOOK_AT_APP, Diagnosis, Fault, Layer, Scene, quoted
from scripts.smoke_test.exchange import Answer
from scripts.smoke_test.gateway_cases import GATEWAY
from scripts.smoke_test.offer import Served
from scripts.smoke_test.transport import Kind, UnreachedError

_REACHING: dict[Kind, tuple[Layer, str, tuple[str, ...]]] = {
    "dns": (
        "DNS",
        "The host of {base_url} has no address: {note}.",
        (HOST, "a new environment's name takes minutes; one that is not external resolves in its network alone"),
    ),
    "tls": (
        "TLS",
        "No secure connection to {base_url}: {note}.",
        (
            "whether the host is the gateway's own, and http or https fits it",
            "a proxy that opens TLS: SSL_CERT_FILE must name its certificate",
        ),
    ),
    "refused": (
        "network",
        "Nobody listens at {base_url}: {note}.",
        ("whether it runs: {revisions}", HOST),
    ),
    "timeout": (
        "network",
        "{base_url} is silent: {note}.",
        ("a firewall on the way, or an app that is not external", "whether it starts: {system_log}"),
    ),
    "proxy": (
        "network",
        "The proxy in HTTPS_PROXY or HTTP_PROXY does not let this through: {note}.",
        ("NO_PROXY, which may name the host",),
    ),
    "broken": (
        "network",
        "The connection to {base_url} breaks off: {note}.",
        ("what stands between here and the gateway", *LOOK_AT_APP),
    ),
}


def refused(answer: Answer, scene: Scene) -> Fault:
    """An answer with a status that the check did not ask for."""
    cases = GATEWAY + (AZURE if scene.served else ())
    case = next((case for case in cases if case.fits(answer)), None) if answer.error else None
    if case is None:
        return _foreign(answer, scene)
    diagnosis = scene.diagnosis(case.layer, case.meaning, case.look_at, answer=answer)
    return Fault(_note(answer), diagnosis, ms=answer.ms)


def silent(failure: UnreachedError, scene: Scene) -> Fault:
    """No answer."""
    if scene.served and failure.kind == "timeout":
        return Fault(failure.words, _slow(scene, scene.served))
    layer, meaning, look_at = _REACHING[failure.kind]
    return Fault(failure.words, scene.diagnosis(layer, meaning, look_at, note=failure.words))


def _slow(scene: Scene, served: Served) -> Diagnosis:
    """The gateway was there a moment ago."""
    if served.model.kind == "embeddings":
        what = "Azure is slow, or its quota is used up and the request waits for its turn"
    elif served.translated_chat:
        what = "Azure is slow, or LiteLLM, if it translates the request, still loads"
    else:
        what = "Azure is slow"
    return scene.diagnosis(
        "Azure",
        f"No answer in time: {what}.",
        (f"{LOG}: `attempts`, `queued_ms`, `litellm_ms`", "a longer --timeout-s"),
    )


def _foreign(answer: Answer, scene: Scene) -> Fault:
    """Not the words of the gateway, nor of Azure through it."""
    layer, meaning, look_at = of_platform(answer)
    return Fault(_note(answer), scene.diagnosis(layer, meaning, look_at, answer=answer), ms=answer.ms)


def _note(answer: Answer) -> str:
    code = answer.error.get("code") or answer.error.get("type")
    return f"{answer.status} {code}" if code else f"{answer.status} {quoted(answer)[:60]}".strip()

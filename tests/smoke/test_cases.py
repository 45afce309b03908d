"""Refusals by their words: the layer, and what a person is told of it."""

import json
from collections.abc import Mapping

import pytest

from scripts.smoke_test import Offer
from scripts.smoke_test.diagnosis import Scene
from scripts.smoke_test.exchange import Answer
from scripts.smoke_test.refusals import refused, silent
from scripts.smoke_test.transport import UnreachedError


def answer(status: int, error: Mapping[str, object], **headers: str) -> Answer:
    """As the gateway hands it on."""
    return Answer(status=status, headers=headers, text=json.dumps({"error": error}), ms=1.0, first_ms=1.0)


def scene(offer: Offer, model: str | None = "gpt-5.3-codex", *, base_url: str = "https://gateway.example/v1") -> Scene:
    """A check of this model."""
    served = next((served for served in offer.served if served.model.name == model), None)
    return Scene(base_url=base_url, offer=offer, served=served)


@pytest.mark.parametrize(
    ("status", "code", "message", "layer", "words"),
    [
        (401, "401", "Access denied due to invalid subscription key", "Azure key", "refuses the gateway's key"),
        (401, "PermissionDenied", "The principal lacks the required data action", "Azure key", "refuses"),
        (
            403,
            "AuthenticationTypeDisabled",
            "Key based authentication is disabled",
            "Azure key",
            "takes no keys at all",
        ),
        (403, "403", "Access denied due to Virtual Network/Firewall rules.", "Azure", "network rules"),
        (404, "DeploymentNotFound", "The API deployment does not exist.", "Azure deployment", "no deployment"),
        (400, "OperationNotSupported", "The responses operation ...", "Azure deployment", "another kind"),
        (400, "BadRequest", "API version not supported", "API version", "2025-04-01-preview"),
        (404, "404", "Resource not found", "API version", "does not tell which"),
        (400, "content_filter", "The response was filtered", "Azure", "The response was filtered"),
        (401, "invalid_api_key", "Incorrect API key provided.", "key", "does not know this key"),
        (404, "model_not_found", "The model 'x' does not exist here", "project", "may not use it"),
        (429, "rate_limit_exceeded", "The project 'p' has reached its limit", "quota", "project's own limit"),
        (429, "rate_limit_exceeded", "Azure OpenAI is rate limited.", "quota", "asks to wait 7 s"),
        (429, "rate_limit_exceeded", "Azure OpenAI's quota of 'm' is used up", "quota", "Azure's quota"),
        (503, "upstream_unavailable", "Azure OpenAI could not answer (500: status).", "Azure", "Azure OpenAI fails"),
        (503, "upstream_unavailable", "Azure OpenAI could not answer (504: TimeoutError).", "Azure", "in time"),
        (
            503,
            "upstream_unavailable",
            "Azure OpenAI could not answer (502: ClientConnectorDNSError).",
            "Azure",
            "no connection",
        ),
        (503, "translation_unavailable", "LiteLLM does not answer.", "LiteLLM", "LiteLLM does not answer."),
        (502, "translation_failed", "LiteLLM could not translate", "LiteLLM", "could not translate"),
        (400, "translation_refused", "LiteLLM cannot translate", "LiteLLM", "cannot translate"),
        (503, "overloaded", "Too many bodies", "gateway", "no more requests"),
        (503, "shutting_down", "This replica ends", "gateway", "no more requests"),
        (500, "internal_error", "The gateway failed.", "gateway", "itself failed"),
    ],
)
def test_each_refusal_has_its_layer(offer: Offer, status: int, code: str, message: str, layer: str, words: str) -> None:
    fault = refused(answer(status, {"code": code, "message": message}, **{"retry-after": "7"}), scene(offer))
    assert fault.diagnosis.layer == layer
    assert words in fault.diagnosis.meaning
    told = " ".join((fault.diagnosis.meaning, *fault.diagnosis.look_at))
    assert fault.diagnosis.look_at
    assert "{" not in told
    assert "?" not in told.replace("run, was it restarted?", "").replace("does it", "")


def test_the_words_of_a_server_are_no_template(offer: Offer) -> None:
    fault = refused(answer(400, {"code": "x", "message": "{project} {0} {"}), scene(offer))
    assert "{project} {0} {" in fault.diagnosis.meaning


def test_a_time_to_wait_is_short_and_moves_no_cursor(offer: Offer) -> None:
    error = {"code": "rate_limit_exceeded", "message": "Azure OpenAI is rate limited."}
    fault = refused(answer(429, error, **{"retry-after": f"\x9b31m{'9' * 5000}"}), scene(offer))
    assert fault.diagnosis.meaning.isprintable()
    assert len(fault.diagnosis.meaning) < 300


def test_in_azure_the_commands_name_the_app_and_the_request(offer: Offer) -> None:
    error = {"code": "upstream_unavailable", "message": "Azure OpenAI could not answer (500: status)."}
    fault = refused(answer(503, error, **{"x-request-id": "abc123"}), scene(offer))
    command = (
        f"az containerapp logs show --name {offer.container_app} --resource-group {offer.resource_group} "
        "--container gateway --tail 300 | grep abc123"
    )
    assert any(command in line for line in fault.diagnosis.look_at)


def test_in_azure_the_vault_has_the_key(offer: Offer) -> None:
    fault = refused(answer(401, {"code": "invalid_api_key", "message": "No."}), scene(offer))
    command = f"az keyvault secret show --vault-name {offer.key_vault} --name gateway-key --query value"
    assert any(command in line for line in fault.diagnosis.look_at)


def test_a_request_id_that_is_none_stays_out_of_the_command(offer: Offer) -> None:
    error = {"code": "internal_error", "message": "The gateway failed."}
    fault = refused(answer(500, error, **{"x-request-id": "x; rm -rf ~"}), scene(offer))
    assert not any("rm -rf" in line for line in fault.diagnosis.look_at)


def test_on_this_machine_nobody_is_sent_to_azure(offer: Offer) -> None:
    error = {"code": "internal_error", "message": "The gateway failed."}
    here = scene(offer, base_url="http://127.0.0.1:4000/v1")
    fault = refused(answer(500, error, **{"x-request-id": "abc123"}), here)
    assert "az " not in " ".join(fault.diagnosis.look_at)
    assert "request_id abc123 on the terminal of scripts/up.py" in " ".join(fault.diagnosis.look_at)


@pytest.mark.parametrize(
    ("model", "words"), [("gpt-5.3-codex", "LiteLLM"), ("text-embedding-3-large", "quota is used up")]
)
def test_a_silence_says_all_that_it_may_be(offer: Offer, model: str, words: str) -> None:
    fault = silent(UnreachedError("timeout", "no answer within 5 s"), scene(offer, model))
    assert fault.diagnosis.layer == "Azure"
    assert words in fault.diagnosis.meaning
